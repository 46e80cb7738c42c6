"""Check that a method of Tornado's is the one that a speedup was written against.

By its text, of which a digest is kept: that is the same for each Python version, where code objects
differ. The text is cut out of the file by the line numbers of the code object and by indentation;
``inspect.getsource`` tokenizes, and takes 25 ms for all of them where this takes 2.

A function whose text can't be read, or that somebody put in the place of Tornado's, is not known,
and Tornado's own way is taken.
"""

from __future__ import annotations

import hashlib
import linecache
from types import CodeType, FunctionType

from tornkit.engine.fidelity.source_digests import once


@once
def digest_of(function: object) -> str | None:
    """12 hexadecimal digits for the text of a function; None where there is no such thing.

    Of a property, that which reads it.
    """
    # By true types: a wrapper may pass for the function, its text included.
    if type(function) is property:
        function = function.fget
    if type(function) is not FunctionType:
        return None
    code = function.__code__
    lines = linecache.getlines(code.co_filename)
    text = _text(lines, code)
    if not text:
        return None
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _text(lines: list[str], code: CodeType) -> str:
    """From the first line (decorators included) to the last that is indented as its body is."""
    first = code.co_firstlineno - 1
    if not 0 <= first < len(lines):
        return ""
    depth = _indentation(lines[first])
    # What stands before the last instruction belongs to it, as the end of a signature does.
    end = min(_last_line(code), len(lines))
    while end < len(lines) and (not lines[end].strip() or _indentation(lines[end]) > depth):
        end += 1
    # Blank lines behind it are the next one's.
    return "\n".join(line.rstrip() for line in lines[first:end]).rstrip()


def _indentation(line: str) -> int:
    return len(line) - len(line.lstrip())


def _last_line(code: CodeType) -> int:
    last = max(line for _, _, line in code.co_lines() if line is not None)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            last = max(last, _last_line(constant))
    return last
