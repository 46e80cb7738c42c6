"""Options that can also be set in the environment and in ``[tool.tornkit]``.

In this order: the command line, ``TORNKIT_SERVE_PORT`` (for ``serve`` also the short
``TORNKIT_PORT``), ``[tool.tornkit.serve]`` in the nearest pyproject.toml, the default. Nearest to
APP where that is a path, else to the current folder. ``[tool.tornkit.bus]`` is another place for
``url``, which is ``--bus``, and ``history`` and the like, which are ``--bus-history``.

A path on the command line and in the environment is relative to the current folder, one in
pyproject.toml to the folder of that file.

A key or a variable that nothing reads is told of, with the one that was probably meant.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from tornkit.cli import output
from tornkit.cli.hints import nearest, setting_advice
from tornkit.errors import UsageError
from tornkit.paths import expanded
from tornkit.pyproject import find_pyproject, line_of, read_tool_table

_PREFIX = "TORNKIT_"
_BUS = "bus"  # an option, and the table that has it and all that begin so
_FILE = "tornkit.cli.settings.file"  # in `click.Context.meta`: the pyproject.toml that counts


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
    configure(context, app)
    return app


def configure(context: click.Context, app: str | None = None) -> None:
    """Take the command's defaults from pyproject.toml; before any of its options is parsed.

    :raises UsageError: the file can't be read, or a key is no option of the command.
    """
    context.default_map = {**(context.default_map or {}), **command_settings(context, app)}
    if not context.resilient_parsing:
        _warn(_unknown_variables(context))


def command_settings(context: click.Context, app: str | None) -> Mapping[str, Any]:
    """Settings in ``[tool.tornkit.<command>]``, keys as parameter names, paths absolute.

    :raises UsageError: the file can't be read, or a key is no option of the command.
    """
    pyproject = find_pyproject(_start(app))
    if pyproject is None:
        return {}
    context.meta[_FILE] = pyproject
    command = context.info_name or ""
    document = read_tool_table(pyproject)
    if not context.resilient_parsing:
        _warn(_unknown_tables(document, context, pyproject))
    own = _options_by_key(context.command)
    tables = {command: own}
    if _BUS in own:
        tables[_BUS] = _bus_options_by_key(own)
    settings: dict[str, Any] = {}
    for name, options in tables.items():
        table = document.get(name, {})
        if not isinstance(table, dict):
            raise UsageError(f"{pyproject}: [tool.tornkit.{name}] has to be a table")
        for key, value in table.items():
            option = options.get(key.replace("-", "_"))
            if option is None:
                raise UsageError(_unknown_key(key, options, name, command, pyproject))
            assert option.name is not None
            if option.name in settings:
                raise UsageError(
                    f"{pyproject}: [tool.tornkit.{name}] sets {option.name} twice, by two names; "
                    "keep one"
                )
            settings[option.name] = _value(value, option, pyproject, name, key)
    return settings


def _bus_options_by_key(options: Mapping[str, click.Option]) -> dict[str, click.Option]:
    """Options of the bus by their keys in its own table: ``url``, ``history``."""
    beginning = f"{_BUS}_"
    named = {
        key.removeprefix(beginning): option
        for key, option in options.items()
        if key.startswith(beginning)
    }
    return {"url": options[_BUS], **named}


def _options_by_key(command: click.Command) -> dict[str, click.Option]:
    """Options by each key that sets them: ``address``, and ``host``, which is the same."""
    return {
        key: each
        for each in command.params
        if isinstance(each, click.Option) and each.name is not None
        for key in (each.name, *_long_keys(each))
    }


def _long_keys(option: click.Option) -> tuple[str, ...]:
    """Keys in pyproject.toml for an option's long names; none for one with a ``--no-`` form."""
    if option.secondary_opts:  # --reload/--no-reload: the key is a truth value
        return ()
    long = (each for each in option.opts if each.startswith("--"))
    return tuple(each.removeprefix("--").replace("-", "_") for each in long)


def _unknown_key(
    key: str, options: Mapping[str, click.Option], table: str, command: str, pyproject: Path
) -> str:
    where = _place(pyproject, f"tool.tornkit.{table}", key)
    shown = key.replace("-", "_")
    if key == "app":
        advice = "it belongs to [tool.tornkit], one table up"
    else:
        known = [name.replace("_", "-") for name in options]
        advice = setting_advice(shown.replace("_", "-"), known, command) or ""
    said = f"{advice} " if advice.endswith("?") else f"{advice}; " if advice else ""
    return (
        f"{where}: [tool.tornkit.{table}] has no setting {shown}; "
        f"{said}see tornkit {command} --help"
    )


def _unknown_tables(
    document: Mapping[str, Any], context: click.Context, pyproject: Path
) -> list[str]:
    """A line for each key of [tool.tornkit] that is neither ``app`` nor a command."""
    commands = _sibling_commands(context)
    lines = []
    for key, value in document.items():
        if key == "app" or key in commands:
            continue
        where = _place(pyproject, "tool.tornkit", key)
        what = f"table [tool.tornkit.{key}]" if isinstance(value, dict) else f"setting {key}"
        options = _options_by_key(context.command)
        if not isinstance(value, dict) and key.replace("-", "_") in options:
            advice = f"; it belongs to [tool.tornkit.{context.info_name}]"
        else:
            near = nearest(key, ["app"] if not isinstance(value, dict) else commands)
            shown = near if near == "app" else f"[tool.tornkit.{near}]"
            advice = "" if near is None else f"; did you mean {shown}?"
        lines.append(f"{where}: {what} is not known{advice}")
    return lines


def _sibling_commands(context: click.Context) -> list[str]:
    group = None if context.parent is None else context.parent.command
    if context.parent is None or not isinstance(group, click.Group):
        return [context.info_name or ""]
    return group.list_commands(context.parent)


def _unknown_variables(context: click.Context) -> list[str]:
    """A line for each variable TORNKIT_… that no command reads."""
    known = set(_variables(context.command, context.info_name or ""))
    unknown = {name for name in os.environ if name.startswith(_PREFIX)} - known
    if not unknown:
        return []
    group = None if context.parent is None else context.parent.command
    if context.parent is not None and isinstance(group, click.Group):
        for name in group.list_commands(context.parent):  # imported only if there is one to judge
            command = group.get_command(context.parent, name)
            if command is not None:
                known.update(_variables(command, name))
    lines = []
    for name in sorted(unknown - known):
        near = nearest(name.removeprefix(_PREFIX), [each.removeprefix(_PREFIX) for each in known])
        advice = (
            f"; did you mean {_PREFIX}{near}?"
            if near
            else f"; see tornkit {context.info_name} --help"
        )
        lines.append(f"the variable {name} sets nothing{advice}")
    return lines


def _variables(command: click.Command, name: str) -> Iterable[str]:
    """Variables of the environment that a command reads."""
    for each in command.params:
        yield from _variables_of(each, name)
    if isinstance(command, click.Group):
        for below, each_command in command.commands.items():
            yield from _variables(each_command, f"{name}_{below}")


def _variables_of(param: click.Parameter, command: str) -> list[str]:
    """Variables of the environment that set one parameter, in the order in which they count."""
    if isinstance(param.envvar, str):
        return [param.envvar]
    if param.envvar is not None:
        return list(param.envvar)
    if isinstance(param, click.Argument):
        return []
    return [f"{_PREFIX}{command}_{param.name}".upper().replace("-", "_")]


def variable_of(param: click.Parameter, context: click.Context) -> str | None:
    """The variable that has set a parameter."""
    variables = _variables_of(param, _path_of(context))
    return next((name for name in variables if os.environ.get(name)), None)


def _path_of(context: click.Context) -> str:
    """Names of a command and its parents, joined: ``bus_listen``; without the program's name."""
    above = context.parent
    if above is None or above.parent is None:
        return context.info_name or ""
    return f"{_path_of(above)}_{context.info_name}"


def place_of_setting(param: click.Parameter, context: click.Context) -> str | None:
    """The file and line that have set a parameter; None where there is no file."""
    pyproject = context.meta.get(_FILE)
    if pyproject is None:
        return None
    name = param.name or ""
    keys = (name, *(_long_keys(param) if isinstance(param, click.Option) else ()))
    if name.partition("_")[0] == _BUS:
        key = "url" if name == _BUS else name.removeprefix(f"{_BUS}_")
        line = line_of(pyproject, f"tool.tornkit.{_BUS}", key)
        if line is not None:
            return f"{pyproject}:{line}"
    return _place(pyproject, f"tool.tornkit.{context.info_name}", *filter(None, keys))


def _warn(lines: Iterable[str]) -> None:
    for line in lines:
        output.say(output.piece("warning:", fg="yellow"), " ", line)


def _value(value: object, option: click.Option, pyproject: Path, command: str, key: str) -> object:
    """Convert a setting to what click wants: a list for several, paths from the file's folder.

    :raises UsageError: what should be a path is no text; click would fail with a traceback. All
        else that does not fit, it refuses by itself.
    """
    several = value if isinstance(value, list) else [value]
    if isinstance(option.type, click.Path):
        paths = []
        for each in several:
            if not isinstance(each, str):
                where = _place(pyproject, f"tool.tornkit.{command}", key)
                shown = option.opts[-1].removeprefix("--")
                raise UsageError(f"{where}: {shown} has to be a path in quotes, not {each!r}")
            paths.append(str(pyproject.parent / expanded(each)))
        several = paths
    return several if option.multiple or isinstance(value, list) else several[0]


def _place(pyproject: Path, table: str, *keys: str) -> str:
    """File and line of the first of these keys that is there, as ``/site/pyproject.toml:12``."""
    lines = (line_of(pyproject, table, key) for key in keys)
    line = next((line for line in lines if line is not None), None)
    return f"{pyproject}" if line is None else f"{pyproject}:{line}"


def _start(app: str | None) -> Path:
    here = Path.cwd()
    if app is None:
        return here
    place = here / expanded(app.partition(":")[0])
    if place.is_dir():
        return place
    return place.parent if place.is_file() else here


def _complete_app(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[click.shell_completion.CompletionItem]:
    """Completion of APP by files and folders; a module's name is for the person to know."""
    return [click.shell_completion.CompletionItem(incomplete, type="file")]
