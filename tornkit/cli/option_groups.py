"""Options that stand below headings in a command's help."""

from __future__ import annotations

from typing import Any

import click

_ALL, _OTHERS = "Options", "Others"


class GroupedOption(click.Option):
    """An option with the heading that it stands below."""

    def __init__(self, *arguments: Any, group: str, **attributes: Any) -> None:
        super().__init__(*arguments, **attributes)
        self.group = group


class GroupedCommand(click.Command):
    """A command whose help lists its options by their headings, in the order of the first of each.

    What has none comes last; where there is one heading at most, all are options.
    """

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        others: list[tuple[str, str]] = []
        options = [each for each in self.get_params(ctx) if isinstance(each, click.Option)]
        headings = {each.group for each in options if isinstance(each, GroupedOption)}
        for option in options:
            record = option.get_help_record(ctx)
            if record is not None:
                if isinstance(option, GroupedOption) and len(headings) > 1:
                    groups.setdefault(option.group, []).append(record)
                else:
                    others.append(record)
        for heading, records in (*groups.items(), (_OTHERS if groups else _ALL, others)):
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
