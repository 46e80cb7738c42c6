"""Options that can also be set in the environment and in ``[tool.tornkit]``.

In this order: the command line, ``TORNKIT_SERVE_PORT`` (for ``serve`` also the short
``TORNKIT_PORT``), ``[tool.tornkit.serve]`` in the nearest pyproject.toml, the default. Nearest to
APP where that is a path, else to the current folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from tornkit.errors import UsageError
from tornkit.pyproject import find_pyproject, read_tool_table


def app_argument() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The argument APP. Parsed first, for it says which pyproject.toml counts."""
    return click.argument(
        "app",
        required=False,
        envvar="TORNKIT_APP",
        is_eager=True,
        callback=_configure,
        metavar="[APP]",
        shell_complete=_complete_app,
    )


def _configure(context: click.Context, parameter: click.Parameter, app: str | None) -> str | None:
    """Take the command's defaults from pyproject.toml."""
    context.default_map = {**(context.default_map or {}), **command_settings(context, app)}
    return app


def command_settings(context: click.Context, app: str | None) -> Mapping[str, Any]:
    """``[tool.tornkit.<command>]``, keys as parameter names.

    :raises UsageError: the file can't be read, or a key is no option of the command.
    """
    pyproject = find_pyproject(_start(app))
    if pyproject is None:
        return {}
    table = read_tool_table(pyproject).get(context.info_name or "", {})
    if not isinstance(table, dict):
        raise UsageError(f"{pyproject}: [tool.tornkit.{context.info_name}] has to be a table")
    options = (each for each in context.command.params if isinstance(each, click.Option))
    known = {option.name for option in options}
    settings = {key.replace("-", "_"): value for key, value in table.items()}
    unknown = sorted(settings.keys() - known)
    if unknown:
        raise UsageError(
            f"{pyproject}: [tool.tornkit.{context.info_name}] has no setting "
            f"{', '.join(unknown)}; see tornkit {context.info_name} --help"
        )
    return settings


def _start(app: str | None) -> Path:
    here = Path.cwd()
    if app is None:
        return here
    place = here / Path(app.partition(":")[0]).expanduser()
    if place.is_dir():
        return place
    return place.parent if place.is_file() else here


def _complete_app(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    """Files and folders; a module's name is for the person to know."""
    return [click.shell_completion.CompletionItem(incomplete, type="file")]
