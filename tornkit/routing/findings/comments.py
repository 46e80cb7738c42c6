"""Comments in Python files and templates that silence findings.

``# tornkit: ignore[TK201, TK501]`` for these codes, ``# tornkit: ignore`` for all, on the line
that a finding points to, on any line of the route's own declaration, or at the head of its
handler's class (decorators included). In a template ``{# tornkit: ignore[TK601] #}``. Codes are
whole: a beginning such as TK2 would also silence what is found some other day.

Comments are real ones, from the tokens of a file: a string that holds the words is no comment.
Other text behind a bare ``ignore`` makes it no such comment, for who wrote ``ignore TK201`` meant
that code and not all.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tornkit.routing.conditions import HostCondition, PathCondition
from tornkit.routing.findings.rewrite import parsed
from tornkit.routing.model import Finding, Route, Source
from tornkit.routing.reading.declaration import Declarations, declarations

_WORDS = r"tornkit:\s*ignore(?:\[(?P<codes>[^\]]*)\]|(?=\s*(?:$|#)))"
_IN_PYTHON = re.compile(rf"#\s*{_WORDS}")
_IN_TEMPLATE = re.compile(
    r"\{#\s*tornkit:\s*ignore(?:\[(?P<codes>[^\]]*)\].*?|\s*)#\}",
)
_PYTHON_SUFFIXES = (".py", ".pyw", "")
_MARK = b"tornkit:"


@dataclass
class Comments:
    """Reader of the comments that silence findings; reads each file once."""

    _files: dict[str, _File] = field(default_factory=dict)

    def silence(self, finding: Finding, route: Route | None) -> bool:
        """Whether a comment silences the finding.

        :param route: the route that the finding is about.
        """
        return any(
            line in file.comments and _covers(file.comments[line], finding.code)
            for file, lines in self._lines(finding, route)
            for line in lines
        )

    def _lines(self, finding: Finding, route: Route | None) -> Iterator[tuple[_File, range]]:
        """Lines on which a comment would silence a finding; files without comments are left out."""
        for source in (finding.where, *((route.where, route.target.source) if route else ())):
            if source is None:
                continue
            file = self._file(source)
            if not file.comments:
                continue
            yield file, range(source.line, source.line + 1)
            yield file, file.declarations.heads.get(source.line, range(0))
            if route is not None and source == route.declared:
                for lines in _declaration(file.declarations, route, source.line):
                    yield file, lines

    def _file(self, source: Source) -> _File:
        if source.file not in self._files:
            self._files[source.file] = _File(Path(source.file))
        return self._files[source.file]


@dataclass
class _File:
    path: Path

    @cached_property
    def content(self) -> bytes:
        try:
            return self.path.read_bytes()
        except OSError:  # a file that isn't there has no comments: "<string>", a zip, a .so
            return b""

    @property
    def is_python(self) -> bool:
        return self.path.suffix in _PYTHON_SUFFIXES

    @cached_property
    def comments(self) -> dict[int, frozenset[str] | None]:
        """Line -> the codes that a comment on it names, None for all of them."""
        if _MARK not in self.content:
            return {}
        found = _python_comments(self.content) if self.is_python else _marks(self.content)
        return dict(found)

    @cached_property
    def declarations(self) -> Declarations:
        if self.is_python:
            try:
                return declarations(parsed(self.content))
            except (SyntaxError, ValueError):  # edited since it was imported, and broken
                pass
        return Declarations({}, {}, {})


def _declaration(declared: Declarations, route: Route, line: int) -> list[range]:
    """Ranges of source lines of a routing rule's declaration, of which ``line`` is one."""
    if isinstance(route.condition, PathCondition | HostCondition):
        found = declared.around(line, route.condition.regex.pattern)
        if found:
            return [each.lines for each in found]
    return [declared.computed[line]] if line in declared.computed else []


def _covers(codes: frozenset[str] | None, code: str) -> bool:
    return codes is None or code in codes


def _python_comments(content: bytes) -> Iterator[tuple[int, frozenset[str] | None]]:
    try:
        for token in tokenize.tokenize(io.BytesIO(content).readline):
            if token.type == tokenize.COMMENT and (match := _IN_PYTHON.search(token.string)):
                yield token.start[0], _codes(match)
    except (tokenize.TokenError, SyntaxError):  # what came before the error stands
        return


def _marks(content: bytes) -> Iterator[tuple[int, frozenset[str] | None]]:
    for number, line in enumerate(content.decode(errors="replace").split("\n"), start=1):
        if match := _IN_TEMPLATE.search(line):
            yield number, _codes(match)


def _codes(match: re.Match[str]) -> frozenset[str] | None:
    codes = match["codes"]
    if codes is None:
        return None
    return frozenset(code.strip().upper() for code in codes.split(","))
