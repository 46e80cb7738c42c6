"""Search for calls of ``reverse_url`` in an application's Python code and templates.

What comes in is `Places`, the files and folders that are the user's own; what goes out is
`References`, each call with its line, the names it may ask for and the number of its arguments.
Nothing is imported, rendered or run: Python is read with `ast`, and a template is first turned
into the Python that Tornado would make of it. What a call means for a table is not known here.
Only files that hold the word are parsed, so that 300 of them cost little.

- `tornkit.routing.references.python`: the calls in a syntax tree, a module's or a template's
- `tornkit.routing.references.scopes`: what a name stands for
- `tornkit.routing.references.templates`: a template as Python, for `python` to read
- `tornkit.routing.references.files`: which files are templates
- `tornkit.routing.references.replaced`: a ``reverse_url`` that is not Tornado's
- `tornkit.routing.references.rulenames`: the names that code gives to rules
"""

from __future__ import annotations

import ast
import contextlib
import functools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from tornkit.routing.model import Places, Source
from tornkit.routing.references.files import WORD, Template, named_in, template_files
from tornkit.routing.references.model import References, Unread, Use
from tornkit.routing.references.python import own_modules, uses_in
from tornkit.routing.references.replaced import own_matchers, replacements
from tornkit.routing.references.syntax import Unparsable, lines_of_interest, parse
from tornkit.routing.references.templates import NotTornado, as_python

__all__ = ["references"]

_MATCHER = re.compile(rb"\bdef\s+reverse\s*\(")
# All ways to give something the name; to call or to read an attribute is none.
_REPLACING = re.compile(rb"(?<!\.)\breverse_url\b|\.\s*reverse_url\s*[:=]")


def references(places: Places) -> References:
    """Every use of ``reverse_url`` in these files and folders, and what could not be read."""
    reading = _Reading(own_modules(places.python))
    for file in places.python:
        reading.python(file)
    for template in template_files(places.templates, reading.named):
        reading.template(template)
    return reading.result()


class _Reading:
    """Collector of the uses and replacements in the files that have been read so far."""

    def __init__(self, is_own: Callable[[str], bool]) -> None:
        self.named: dict[str, frozenset[str]] = {}  # by folder, what its code renders
        self._is_own = is_own
        self._uses: list[Use] = []
        self._unread: list[Unread] = []
        self._replacing: dict[str, ast.Module] = {}
        self._matchers: dict[str, ast.Module] = {}
        self._others: list[str] = []  # the files where nothing takes the name

    def python(self, file: str) -> None:
        try:
            source = Path(file).read_bytes()
        except OSError as error:
            self._unread.append(Unread(Source(file, 1), error.strerror or str(error)))
            return
        folder = str(Path(file).parent)
        self.named[folder] = self.named.get(folder, frozenset()) | named_in(source)
        uses, replacing, matcher = (
            WORD in source,
            _REPLACING.search(source) is not None,
            _MATCHER.search(source) is not None,
        )
        if not replacing:
            self._others.append(file)
        if not (uses or matcher):
            return
        try:
            tree = parse(source)
        except Unparsable as error:
            self._unread.append(Unread(Source(file, error.line), str(error)))
            return
        if uses:
            where, lines = functools.partial(Source, file), lines_of_interest(source)
            self._uses += uses_in(tree, where, self._is_own, lines=lines)
        if replacing:
            self._replacing[file] = tree
        if matcher:
            self._matchers[file] = tree

    def template(self, template: Template) -> None:
        file = template.file
        try:
            code = as_python(template.data.decode())
            tree = parse(code.text)
        except NotTornado as error:
            self._unread.append(Unread(Source(file, error.line), str(error)))
        except Unparsable as error:
            self._unread.append(Unread(Source(file, code.line(error.line)), str(error)))
        except UnicodeDecodeError as error:
            line = template.data.count(b"\n", 0, error.start) + 1
            self._unread.append(Unread(Source(file, line), "it is not UTF-8"))
        else:
            self._uses += uses_in(
                tree, lambda line: Source(file, code.line(line)), self._is_own, template=True
            )

    def result(self) -> References:
        return References(
            tuple(sorted(self._uses, key=lambda use: (use.source.file, use.source.line))),
            tuple(self._unread),
            replacements(self._replacing, self._other_texts, self._is_own),
            own_matchers(self._matchers),
        )

    def _other_texts(self) -> Iterator[str]:
        for file in self._others:
            with contextlib.suppress(OSError):
                yield Path(file).read_text(errors="replace")
