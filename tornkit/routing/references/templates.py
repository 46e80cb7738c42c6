"""A Tornado template as the Python that Tornado would make of it, line by line.

As ``tornado.template``: `_pieces` cuts the text as ``_parse`` does (the first ``}}`` ends an
expression, also one within a string; of more than two braces the innermost count; ``{{!`` is
text), and `_Writer` lays the code out as ``_CodeWriter`` does, so that what Tornado accepts is
accepted and nothing else. Text is left out, and extended and included files are not followed.
Instead of a block's body a call stands at its place, and the body is a function of its own: a
file that extends this one may put anything there.
"""

from __future__ import annotations

import bisect
import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from tornkit.routing.references.scopes import ELSEWHERE

_OPENING = re.compile(r"\{(?:\{(?!\{)|%|#)")
_CLOSING = {"{{": "}}", "{%": "%}", "{#": "#}"}
_LOADED = re.compile(
    r"""\{%\s*(?:(?:extends|include)\s+["']*([^"'%]+?)["']*\s*%\}"""
    r"""|module\s+Template\(\s*["']([^"'\n]+)["'])"""
)
_INTERMEDIATE = {
    "else": {"if", "for", "while", "try"},
    "elif": {"if"},
    "except": {"try"},
    "finally": {"try"},
}
_NEEDS_SUFFIX = {"extends", "include", "set", "import", "from", "apply", "block"}
_LOADS = {"extends", "include"}
_WHITESPACE_MODES = {"all", "single", "oneline"}


class NotTornado(Exception):
    """The text is no template that Tornado could load. ``line`` is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class TemplateCode:
    """Python code of a template, with the line that each of its lines comes from.

    ``lines[n]`` is the template's line that line ``n + 1`` of ``text`` comes from.
    """

    text: str
    lines: tuple[int, ...]

    def line(self, number: int) -> int:
        """The template's line that line ``number`` of the code comes from."""
        return self.lines[min(max(number, 1), len(self.lines)) - 1]


def loaded(text: str) -> Iterator[str]:
    """Names of the templates that a template extends, includes, or renders as a module.

    Comments are not left out: a file too many is looked at, none too few.
    """
    for found in _LOADED.finditer(text):
        yield found[1] or found[2]


def as_python(text: str) -> TemplateCode:
    """Translate a template into the Python that Tornado would make of it.

    :raises NotTornado: where Tornado would raise its ``ParseError``. That the code itself is
        valid is for Python to say.
    """
    writer = _Writer()
    for piece in _pieces(text.replace("\r\n", "\n").replace("\r", "\n")):
        if piece.kind is _Kind.EXPRESSION:
            writer.expression(piece)
        else:
            writer.directive(piece)
    return writer.finished()


class _Kind(enum.Enum):
    EXPRESSION = "{{"
    DIRECTIVE = "{%"


@dataclass(frozen=True)
class _Piece:
    """An expression or directive of a template: the text between the braces, and its line."""

    kind: _Kind
    content: str
    line: int

    @property
    def operator(self) -> str:
        return self.content.partition(" ")[0]

    @property
    def rest(self) -> _Piece:
        """The piece without its operator, on the line where the rest begins."""
        raw = self.content.partition(" ")[2]
        lead = raw[: len(raw) - len(raw.lstrip())]
        return _Piece(self.kind, raw.strip(), self.line + lead.count("\n"))


def _pieces(text: str) -> Iterator[_Piece]:
    """Expressions and directives, in order; comments and plain text are left out."""
    newlines = [found.start() for found in re.finditer("\n", text)]
    position = 0
    while (found := _OPENING.search(text, position)) is not None:
        line = bisect.bisect_left(newlines, found.start()) + 1
        position = found.end()
        if text.startswith("!", position):
            position += 1
            continue
        closing = _CLOSING[found[0]]
        end = text.find(closing, position)
        if end == -1:
            raise NotTornado(f"{found[0]} without {closing}", line)
        raw, position = text[position:end], end + len(closing)
        if found[0] == "{#":
            continue
        if not raw.strip():
            raise NotTornado(f"nothing between {found[0]} and {closing}", line)
        lead = raw[: len(raw) - len(raw.lstrip())]
        yield _Piece(_Kind(found[0]), raw.strip(), line + lead.count("\n"))


@dataclass(frozen=True)
class _Open:
    """A block that waits for its ``{% end %}``. ``loop``: whether ``break`` has one to leave."""

    piece: _Piece
    loop: bool
    function: str = ""


@dataclass
class _Writer:
    """Writer of a template's Python code, piece by piece."""

    _text: list[str] = field(default_factory=lambda: ["def _tt_execute():"])
    _lines: list[int] = field(default_factory=lambda: [1])
    _indent: int = 1
    _open: list[_Open] = field(default_factory=list)
    _functions: int = 0

    def expression(self, piece: _Piece) -> None:
        self._value(piece.content, piece.line)

    def directive(self, piece: _Piece) -> None:
        operator, rest = piece.operator, piece.rest
        bare = rest.content.strip('"').strip("'") if operator in _LOADS else rest.content
        if operator in _NEEDS_SUFFIX and not bare:
            raise NotTornado(f"{{% {operator} %}} without anything to {operator}", piece.line)
        match operator:
            case "end":
                self._end(piece)
            case "else" | "elif" | "except" | "finally":
                self._intermediate(piece)
            case "if" | "for" | "while" | "try" | "apply" | "block":
                self._begin(piece)
            case "set":
                self._write(rest.content, rest.line)
            case "import" | "from":
                self._write(piece.content, piece.line)
            case "raw":
                self._value(rest.content, rest.line)
            case "module":
                self._value(f"_tt_modules.{rest.content}", rest.line)
            case "include":
                self._write(f"{ELSEWHERE}()", piece.line)
            case "whitespace":
                if rest.content not in _WHITESPACE_MODES:
                    raise NotTornado(f"no whitespace mode {rest.content!r}", piece.line)
            case "break" | "continue":
                if not (self._open and self._open[-1].loop):
                    raise NotTornado(f"{{% {operator} %}} outside of a loop", piece.line)
                self._write(piece.content, piece.line)
            case "extends" | "comment" | "autoescape":
                pass
            case _:
                raise NotTornado(f"{{% {operator} %}} is not one of Tornado's", piece.line)

    def finished(self) -> TemplateCode:
        if self._open:
            piece = self._open[-1].piece
            raise NotTornado(f"{{% {piece.operator} %}} without its {{% end %}}", piece.line)
        self._write("pass", self._lines[-1])
        return TemplateCode("\n".join(self._text) + "\n", tuple(self._lines))

    def _begin(self, piece: _Piece) -> None:
        operator = piece.operator
        outer = bool(self._open) and self._open[-1].loop
        loop = operator in ("for", "while") or (operator != "apply" and outer)
        function = ""
        if operator in ("apply", "block"):
            self._functions += 1
            function = f"_tt_{operator}{self._functions}"
            if operator == "block":
                self._write(f"{ELSEWHERE}()", piece.line)
            self._write(f"def {function}():", piece.line)
        else:
            self._write(f"{piece.content}:", piece.line)
        self._open.append(_Open(piece, loop, function))
        self._indent += 1

    def _end(self, piece: _Piece) -> None:
        if not self._open:
            raise NotTornado("{% end %} without a block", piece.line)
        closed = self._open.pop()
        self._write("pass", piece.line)
        self._indent -= 1
        if closed.piece.operator == "apply":
            rest = closed.piece.rest
            self._write(f"_tt_append(_tt_utf8({rest.content}({closed.function}())))", rest.line)

    def _intermediate(self, piece: _Piece) -> None:
        block = self._open[-1].piece.operator if self._open else None
        if block not in _INTERMEDIATE[piece.operator]:
            raise NotTornado(f"{{% {piece.operator} %}} is out of place", piece.line)
        self._write("pass", piece.line)
        self._write(f"{piece.content}:", piece.line, self._indent - 1)

    def _value(self, code: str, line: int) -> None:
        self._write(f"_tt_tmp = {code}", line)
        # As Tornado's own lines behind it: an open bracket is not to be closed by the next value.
        self._write("pass", line)

    def _write(self, code: str, line: int, indent: int | None = None) -> None:
        text = "    " * (self._indent if indent is None else indent) + code
        self._text += text.split("\n")
        self._lines += (line + n for n in range(text.count("\n") + 1))
