"""Types of the values that `tornkit new` and `tornkit add` take: a template, additions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from tornkit.cli.hints import nearest
from tornkit.scaffold import catalogue

if TYPE_CHECKING:
    _NameType = click.ParamType[str]
    _NamesType = click.ParamType[tuple[str, ...]]
else:  # a generic class for type checkers alone, in click 8.2 and 8.3
    _NameType = _NamesType = click.ParamType


class TemplateName(_NameType):
    """Type of an option: the name of a template."""

    name = "TEMPLATE"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value).strip()
        if text not in catalogue.TEMPLATES:
            self.fail(unknown("template", text, catalogue.TEMPLATES), param, ctx)
        return text

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        return [
            CompletionItem(name, help=template.summary)
            for name, template in catalogue.TEMPLATES.items()
            if name.startswith(incomplete)
        ]


class FeatureNames(_NamesType):
    """Type of an option: names of additions, with commas between them."""

    name = "A,B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if isinstance(value, tuple):  # converted already
            return value
        names = tuple(name.strip() for name in str(value).split(",") if name.strip())
        for name in names:
            if name not in catalogue.FEATURES:
                self.fail(unknown("addition", name, catalogue.FEATURES), param, ctx)
        return names

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        before, comma, begun = incomplete.rpartition(",")
        given = before.split(",")
        return complete_features(begun, given, before + comma)


def complete_features(begun: str, given: Iterable[str], prefix: str = "") -> list[CompletionItem]:
    """Shell completions of ``begun``: names of additions not among those typed before."""
    taken = set(given)
    return [
        CompletionItem(prefix + name, help=feature.summary)
        for name, feature in catalogue.FEATURES.items()
        if name.startswith(begun) and name not in taken
    ]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """Message about an unknown name, with the nearest that is known, or all."""
    near = nearest(name.lower(), known)
    advice = f"did you mean {near}?" if near else f"there are {', '.join(known)}"
    return f"there is no {kind} {name!r}: {advice}"


def table(rows: Iterable[tuple[str, str]]) -> str:
    """Format names and their descriptions as lines of two columns, for a help text."""
    listed = list(rows)
    width = max(len(name) for name, _ in listed)
    return "\n".join(f"  {name.ljust(width)}  {summary}" for name, summary in listed)
