"""Text from outside as text that a terminal shows and never obeys.

A client's path, a file's name, a route's pattern, an error's message: each may hold escape
sequences, line ends that forge a line of ours, marks that turn the direction of writing, and lone
surrogates, which no encoding has. Python's own notion of what is printable (`str.isprintable`)
leaves all of that out: control characters (C0, DEL, C1), formatting ones (bidirectional marks,
zero width), line and paragraph separators, surrogates, private and unassigned ones. What is left
out is shown as Python would write it in a string: ``\\x1b``, ``\\u202e``.

Called at the last step before a terminal or a file by each of the writers: `tornkit.cli.output`,
`tornkit.cli.rich_console` and `tornkit.serve.terminal.logs`. JSON has escapes of its own: it keeps
the text exact.
"""

from __future__ import annotations

import re

# A tab only moves to the right, and a diff of a file that is indented by tabs needs them.
_KEPT_IN_LINES = re.compile(r"([\n\t])")


def printable(text: str) -> str:
    """Printable text of one line: line ends and tabs are escaped as well."""
    if text.isprintable():
        return text
    return "".join(
        mark if mark.isprintable() else mark.encode("unicode_escape").decode("ascii")
        for mark in text
    )


def printable_lines(text: str) -> str:
    """Printable text of several lines: ``\\n`` and tabs stay."""
    if text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        part if part in ("\n", "\t") else printable(part) for part in _KEPT_IN_LINES.split(text)
    )


def indented(text: str) -> str:
    """Printable text of several lines, each but the first indented by four spaces.

    A line that begins at the left edge is then a line of ours, whatever the text says. Tornado's
    ``LogFormatter`` does the same.
    """
    return printable_lines(text).replace("\n", "\n    ")


def printable_json(text: str) -> str:
    """A JSON document with JSON's own escapes for unprintable characters: it means the same.

    `json.dumps` leaves DEL as it is, and all that is not ASCII if told so.
    """
    if text.replace("\n", "").isprintable():
        return text
    return "".join(mark if mark == "\n" or mark.isprintable() else _in_json(mark) for mark in text)


def _in_json(mark: str) -> str:
    code = ord(mark)
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"


def encodable(text: str, encoding: str | None) -> str:
    """Text in which the characters that ``encoding`` lacks are escapes."""
    encoding = encoding or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)
