"""Edits of the user's files that mend findings.

Only what is safe: a backslash before a dot that stands for any character (TK501, TK502), in a
string that is written out in the user's own code, as the first thing of its rule. What is built
from parts, shared or found twice is left, with the reason. Nothing is written here: a `Mend` holds
the file before and after, and it is proved that nothing but these strings differs between the two.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tornkit.ownership import is_user_file
from tornkit.regex.patterns.dots import dots_to_escape
from tornkit.routing.conditions import DefaultHostCondition, HostCondition, PathCondition
from tornkit.routing.findings.literal import CannotEdit, with_backslashes
from tornkit.routing.findings.rewrite import Position, PythonFile
from tornkit.routing.model import Finding, Report, Route, Source
from tornkit.routing.reading.declaration import Declarations, declarations

MENDABLE = ("TK501", "TK502")


@dataclass(frozen=True)
class Mend:
    """One file before and after a fix of ``findings``; ``strings`` counts the strings edited."""

    file: str
    before: bytes
    after: bytes
    strings: int
    findings: tuple[Finding, ...]

    def diff(self, shown: str) -> list[str]:
        """A unified diff, without line ends; the file is called ``shown``."""
        old, new = (PythonFile(each).lines for each in (self.before, self.after))
        return list(difflib.unified_diff(old, new, f"a/{shown}", f"b/{shown}", lineterm=""))


@dataclass(frozen=True)
class Unfixed:
    """A finding that has to be mended by hand, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True)
class FixPlan:
    """Edits to be written, file by file, and the findings that are left."""

    mends: tuple[Mend, ...]
    left: tuple[Unfixed, ...]


@dataclass(frozen=True)
class _Edit:
    """Insertion of backslashes into the string at ``position``, before ``places`` of its value."""

    file: str
    position: Position
    places: tuple[int, ...]


def plan(report: Report) -> FixPlan:
    """Plan the edits of files for all findings of the report that can be mended by them."""
    return _Planner().plan(report)


class _Planner:
    """Planner of edits, which reads and parses each file once."""

    def __init__(self) -> None:
        self._files: dict[str, PythonFile] = {}
        self._declared: dict[str, Declarations] = {}
        self._left: list[Unfixed] = []

    def plan(self, report: Report) -> FixPlan:
        routes = {route.index: route for route in report.routes}
        edits: dict[str, dict[_Edit, list[Finding]]] = {}
        for finding in report.findings:
            if finding.code not in MENDABLE or finding.route is None:
                continue
            try:
                needed = list(self._edits(finding, routes[finding.route]))
            except CannotEdit as error:
                self._left.append(Unfixed(finding, str(error)))
                continue
            for edit in needed:
                edits.setdefault(edit.file, {}).setdefault(edit, []).append(finding)
        mends = [mend for file, group in edits.items() if (mend := self._mend(file, group))]
        return FixPlan(tuple(mends), tuple(self._left))

    def _edits(self, finding: Finding, route: Route) -> Iterator[_Edit]:
        host = finding.code == "TK502"
        kinds = (HostCondition, DefaultHostCondition) if host else (PathCondition,)
        patterns = [
            (condition.regex, dots)
            for condition in route.conditions
            if isinstance(condition, kinds) and (dots := dots_to_escape(condition.regex, host=host))
        ]
        if not patterns:
            raise CannotEdit("which of its dots are meant could not be told")
        for regex, dots in patterns:
            yield self._located(regex, dots, finding, route)

    def _located(
        self, regex: re.Pattern[str], dots: tuple[int, ...], finding: Finding, route: Route
    ) -> _Edit:
        """Edit of the one string that the pattern was made of."""
        sources = [each for each in (finding.where, route.declared) if each is not None]
        for source in dict.fromkeys(sources):
            if not is_user_file(source.file):
                raise CannotEdit("it is in an installed package")
            found = self._declarations(source).around(source.line, regex.pattern)
            if len(found) > 1:
                raise CannotEdit(f"line {source.line} has this pattern more than once")
            if found:
                node = found[0].pattern
                return _Edit(source.file, (node.lineno, node.col_offset), dots)
        raise CannotEdit("its pattern is not written out as one string where the rule is")

    def _mend(self, file: str, edits: dict[_Edit, list[Finding]]) -> Mend | None:
        program = self._files[file]
        replacements: dict[Position, tuple[str, str]] = {}
        findings: dict[Finding, None] = {}
        for edit, group in edits.items():
            try:
                replacements[edit.position] = with_backslashes(
                    program.string(edit.position), edit.places
                )
                findings.update(dict.fromkeys(group))
            except CannotEdit as error:
                self._left += [Unfixed(finding, str(error)) for finding in group]
        if not replacements:
            return None
        try:
            after = program.with_strings(replacements)
        except CannotEdit as error:
            self._left += [Unfixed(finding, str(error)) for finding in findings]
            return None
        return Mend(file, program.content, after, len(replacements), tuple(findings))

    def _declarations(self, source: Source) -> Declarations:
        if source.file not in self._files:
            try:
                program = PythonFile(Path(source.file).read_bytes())
            except OSError as error:
                raise CannotEdit(f"its file can't be read ({error.strerror})") from None
            self._files[source.file] = program
            self._declared[source.file] = declarations(program.tree)
        return self._declared[source.file]
