"""A Python file in which some strings are written anew, and nothing else changes.

Encoding, byte order mark and line ends stay. What comes out is parsed and compared with the tree
that was meant, before anybody writes it.
"""

from __future__ import annotations

import ast
import codecs
import io
import re
import tokenize
import warnings
from collections.abc import Mapping
from functools import cached_property

from tornkit.routing.findings.literal import CannotEdit

Position = tuple[int, int]
"""Where a constant starts: the line, and the column in UTF-8 bytes, as in `ast`."""

_LINE_END = re.compile(r"\r\n|\r|\n")


def parsed(content: bytes) -> ast.Module:
    """Parse a Python file's content, without warnings about what is in the user's strings.

    :raises SyntaxError: it is no Python.
    :raises ValueError: it holds a null byte.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(content)


class PythonFile:
    """A Python file's content, and where its strings are.

    :raises CannotEdit: it is no Python that can be read.
    """

    def __init__(self, content: bytes) -> None:
        self.content = content
        try:
            self.encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
            self.text = content.decode(self.encoding)  # utf-8-sig takes the mark off
            self.tree = parsed(content)
        except (SyntaxError, ValueError) as error:
            raise CannotEdit(f"its file can't be parsed ({error})") from None

    @property
    def lines(self) -> list[str]:
        """Lines of the file without their ends, as Python counts them: a form feed ends none."""
        lines = _LINE_END.split(self.text)
        return lines[:-1] if lines[-1] == "" else lines

    @cached_property
    def _starts(self) -> list[int]:
        """The offset at which each line begins."""
        return [0, *(match.end() for match in _LINE_END.finditer(self.text))]

    @cached_property
    def strings(self) -> dict[Position, ast.Constant]:
        """String constants of the file, by the position at which each starts."""
        return {
            (node.lineno, node.col_offset): node
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }

    def string(self, position: Position) -> str:
        """The source text of the string that starts at ``position``."""
        start, end = self._span(position)
        return self.text[start:end]

    def with_strings(self, replacements: Mapping[Position, tuple[str, str]]) -> bytes:
        """The content with some strings' text replaced.

        :param replacements: the new text, and the value that it stands for.
        :raises CannotEdit: what came out is not what was meant.
        """
        text = self.text
        for position in sorted(replacements, reverse=True):
            start, end = self._span(position)
            text = text[:start] + replacements[position][0] + text[end:]
        bare = "utf-8" if self.encoding == "utf-8-sig" else self.encoding
        mark = codecs.BOM_UTF8 if self.encoding == "utf-8-sig" else b""
        changed = mark + text.encode(bare)
        if not self._is_meant(changed, replacements):
            raise CannotEdit("the file so changed would mean something else")
        return changed

    def _span(self, position: Position) -> tuple[int, int]:
        node = self.strings.get(position)
        if node is None or node.end_lineno is None or node.end_col_offset is None:
            raise CannotEdit(f"there is no string at line {position[0]}")
        end = self._offset(node.end_lineno, node.end_col_offset)
        return self._offset(node.lineno, node.col_offset), end

    def _offset(self, line: int, column: int) -> int:
        start = self._starts[line - 1]
        # No character takes less than one byte.
        before = self.text[start : start + column].encode()[:column]
        return start + len(before.decode())

    def _is_meant(self, changed: bytes, replacements: Mapping[Position, tuple[str, str]]) -> bool:
        meant = parsed(self.content)
        for node in ast.walk(meant):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                _, value = replacements.get((node.lineno, node.col_offset), ("", node.value))
                node.value = value
        try:
            return ast.dump(parsed(changed)) == ast.dump(meant)
        except (SyntaxError, ValueError):
            return False
