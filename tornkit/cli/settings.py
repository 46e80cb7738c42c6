"""Options that can also be set in the environment and in ``[tool.tornkit]``.

In this order: the command line, ``TORNKIT_SERVE_PORT`` (for ``serve`` also the short
``TORNKIT_PORT``), ``[tool.tornkit.serve]`` in the nearest pyproject.toml, the default. Nearest to
APP where that is a path, else to the current folder.

A path on the command line and in the environment is relative to the current folder, one in
pyproject.toml to the folder of that file.
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
    """``[tool.tornkit.<command>]``, keys as parameter names, paths absolute.

    :raises UsageError: the file can't be read, or a key is no option of the command.
    """
    pyproject = find_pyproject(_start(app))
    if pyproject is None:
        return {}
    table = read_tool_table(pyproject).get(context.info_name or "", {})
    if not isinstance(table, dict):
        raise UsageError(f"{pyproject}: [tool.tornkit.{context.info_name}] has to be a table")
    options = {each.name: each for each in context.command.params if isinstance(each, click.Option)}
    settings = {key.replace("-", "_"): value for key, value in table.items()}
    unknown = sorted(settings.keys() - options.keys())
    if unknown:
        raise UsageError(
            f"{pyproject}: [tool.tornkit.{context.info_name}] has no setting "
            f"{', '.join(unknown)}; see tornkit {context.info_name} --help"
        )
    return {key: _value(value, options[key], pyproject) for key, value in settings.items()}


def _value(value: object, option: click.Option, pyproject: Path) -> object:
    """As click wants it: one of several as a list, a path as seen from the file's folder.

    :raises UsageError: what should be a path is no text; click would fail with a traceback. All
        else that does not fit, it refuses by itself.
    """
    several = value if isinstance(value, list) else [value]
    if isinstance(option.type, click.Path):
        several = [_path(each, option, pyproject) for each in several]
    return several if option.multiple or isinstance(value, list) else several[0]


def _path(value: object, option: click.Option, pyproject: Path) -> str:
    if not isinstance(value, str):
        name = option.opts[-1].removeprefix("--")
        raise UsageError(f"{pyproject}: {name} has to be a path in quotes, not {value!r}")
    return str(pyproject.parent / Path(value).expanduser())


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
