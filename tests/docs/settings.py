"""Tables of docs/settings.md, made from the options of every command.

python -m tests.docs.settings writes them below the text of the page, which is written by hand.

Defaults, variables and keys are asked of click and of `tornkit.cli.settings`; nothing of them is
written here.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from tests.docs.markdown import ROOT, with_made_part
from tornkit.cli import tornkit
from tornkit.cli.option_groups import GroupedOption
from tornkit.cli.settings import _long_keys, _variables_of
from tornkit.errors import UsageError

PAGE = "docs/settings.md"

_BUS = (
    "`[tool.tornkit.bus]` is another place for these: `url`, `history`, `history-age`, "
    "`max-message`. [bus.md](bus.md) says what they mean."
)


@dataclass(frozen=True)
class Row:
    """One option of a command, as its columns."""

    option: str
    variable: str
    key: str
    default: str
    help: str

    def markdown(self) -> str:
        code = (f"`{self.option}`", f"`{self.variable}`", f"`{self.key}`" if self.key else "")
        cells = (*code, self.default, _prose(self.help))
        return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _group() -> click.Context:
    """Context of ``tornkit`` itself, whose settings its commands inherit."""
    return click.Context(tornkit, info_name="tornkit", **tornkit.context_settings)


def _prose(text: str) -> str:
    """Help as Markdown: no sign in it means anything, and options are code."""
    plain = re.sub(r"([*_<])", r"\\\1", text)
    return re.sub(r"(?<![\w-])(--[a-z][a-z-]+)", r"`\1`", plain)


def commands() -> Iterator[tuple[str, click.Command]]:
    """Commands by their words: ``serve``, ``bus listen``."""
    context = click.Context(tornkit)
    for name in tornkit.list_commands(context):
        command = tornkit.get_command(context, name)
        assert command is not None
        yield name, command
        if isinstance(command, click.Group):
            for below, each in sorted(command.commands.items()):
                yield f"{name} {below}", each


def takes_keys(name: str, command: click.Command) -> bool:
    """Whether pyproject.toml sets options of the command: one that has none is refused."""
    if " " in name:
        return False
    needed = [
        "demo"
        for each in command.params
        if isinstance(each, click.Argument) and each.required and each.nargs == 1
    ]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "pyproject.toml").write_text(f"[tool.tornkit.{name}]\nno-such-key = 1\n")
        before = Path.cwd()
        os.chdir(folder)
        try:
            command.make_context(name, needed, parent=_group())
        except UsageError:
            return True
        except click.MissingParameter:
            return False
        finally:
            os.chdir(before)
    return False


def rows(name: str, command: click.Command) -> list[tuple[str, Row]]:
    """Options of a command, each with the heading that it stands below."""
    has_keys = takes_keys(name, command)
    context = click.Context(command, info_name=name, parent=_group())
    options = [
        each
        for each in command.params
        if isinstance(each, click.Option) and each.expose_value and not each.hidden
    ]
    groups = [each.group if isinstance(each, GroupedOption) else "" for each in options]
    if len({*groups} - {""}) < 2:  # as in the help
        groups = [""] * len(options)
    found = (_row(each, name, context, has_keys=has_keys) for each in options)
    return list(zip(groups, found, strict=True))


def _row(option: click.Option, name: str, context: click.Context, *, has_keys: bool) -> Row:
    names = ", ".join(option.opts)
    if option.secondary_opts:
        names += f" / {', '.join(option.secondary_opts)}"
    elif not option.is_flag:
        names += f" {option.make_metavar(context).replace('INTEGER', 'N').removesuffix(' RANGE')}"
    variables = _variables_of(option, name.replace(" ", "_").replace("-", "_"))
    help_, default = _help_and_default(option)
    return Row(
        option=names,
        variable=variables[len(variables) // 2],  # the short one, where there is one
        # One that says which pyproject.toml counts is in none.
        key=_key(option) if has_keys and not option.is_eager else "",
        default=default,
        help=help_,
    )


def _key(option: click.Option) -> str:
    names = _long_keys(option) or (option.name or "",)
    return names[0].replace("_", "-")


def _help_and_default(option: click.Option) -> tuple[str, str]:
    """Help without a default in it, and the default, in words or as it would be given."""
    help_ = option.help or ""
    if found := re.search(r"\s*\[default: (.+?)\]", help_):
        return help_.replace(found[0], ""), _prose(found[1])
    value = option.default
    if option.secondary_opts and isinstance(value, bool):
        return help_, f"`{(option.opts if value else option.secondary_opts)[0]}`"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return help_, f"{value:g}"
    return help_, f"`{value}`" if isinstance(value, str) else ""


def _table(found: Iterable[Row]) -> str:
    lines = [row.markdown() for row in found]
    head = "| option | variable | key | default | what it does |\n|---|---|---|---|---|"
    return "\n".join([head, *lines])


def page() -> str:
    """The whole page."""
    parts = []
    for name, command in commands():
        found = rows(name, command)
        parts.append(f"## tornkit {name}")
        if takes_keys(name, command):
            parts.append(f"Keys are those of `[tool.tornkit.{name}]`.")
        else:
            parts.append("pyproject.toml has no keys for it.")
        for group in dict.fromkeys(group for group, _ in found):
            if group:
                parts.append(f"### {group}")
            if group == "Bus":
                parts.append(_BUS)
            parts.append(_table(row for each, row in found if each == group))
    return with_made_part(PAGE, "\n\n".join(parts))


def main() -> None:
    """Write the page."""
    (ROOT / PAGE).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
