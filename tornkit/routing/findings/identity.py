"""Identity of a finding: the fields by which it is recognised after an edit.

Neither its message nor line numbers or indices: a better wording, or code that moves, must not
bring back what was accepted. A finding about a route is known by its code and the route: host,
pattern, name and handler. One about a place in a file (a ``reverse_url`` call, a template) is
known by the file and the text of that line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

from tornkit.regex.patterns.pattern import shown
from tornkit.routing.conditions import (
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
)
from tornkit.routing.findings.codes import CODES
from tornkit.routing.model import Finding, Report, Route, Source

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@dataclass(frozen=True, order=True)
class Identity:
    """Identity of a finding, compared and sorted as a whole; what does not apply is empty.

    ``file`` has slashes and is relative to a folder where it is below one, ``text`` is that
    line's without the space around it.
    """

    code: str
    host: str = ""
    pattern: str = ""
    name: str = ""
    handler: str = ""
    file: str = ""
    text: str = ""

    def as_dict(self) -> dict[str, str]:
        """The fields that are not empty."""
        return {
            each.name: value for each in fields(self) if (value := str(getattr(self, each.name)))
        }


def identities(report: Report, base: Path) -> tuple[Identity, ...]:
    """Identities of the report's findings, in their order; files are relative to ``base``."""
    routes = {route.index: route for route in report.routes}
    return tuple(
        identity(finding, None if finding.route is None else routes[finding.route], base)
        for finding in report.findings
    )


def identity(finding: Finding, route: Route | None, base: Path) -> Identity:
    """Identity of one finding; ``route`` is the one that it is about."""
    if route is None or CODES[finding.code].family == "references":
        where = finding.where
        return Identity(
            finding.code,
            file="" if where is None else relative(where, base),
            text="" if where is None else _line(where),
        )
    return Identity(
        finding.code,
        host=" & ".join(_conditions(route, HostCondition, DefaultHostCondition)),
        pattern=" & ".join(_conditions(route, PathCondition, CustomCondition)),
        name=route.name or "",
        handler=_ADDRESS.sub("", route.target.name),
    )


def relative(source: Source, base: Path) -> str:
    """Path of a source's file, with slashes: relative to ``base`` if below it, else absolute."""
    path = Path(source.file)
    return (path.relative_to(base) if path.is_relative_to(base) else path).as_posix()


def _conditions(route: Route, *kinds: type) -> list[str]:
    return [
        condition.label if isinstance(condition, CustomCondition) else shown(condition.regex)
        for condition in route.conditions
        if isinstance(condition, kinds)
    ]


def _line(source: Source) -> str:
    try:
        lines = Path(source.file).read_bytes().decode(errors="replace").split("\n")
    except OSError:  # gone since it was read
        return ""
    return lines[source.line - 1].strip() if 0 < source.line <= len(lines) else ""
