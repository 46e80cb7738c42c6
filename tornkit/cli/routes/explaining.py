"""``--explain CODE``: what a code means, an example and the cure."""

from __future__ import annotations

import shutil
import sys
import textwrap

from tornkit.cli.routes import printing
from tornkit.errors import UsageError
from tornkit.routing.findings.codes import CODES, Code
from tornkit.routing.findings.explanations import CodePage, explanation
from tornkit.routing.render.findings import FindingLine
from tornkit.routing.render.spans import Span

_WIDEST = 88
_NARROWEST = 20
_STYLES = {"error": "red", "warning": "yellow", "info": "cyan"}


def run(code: str) -> int:
    """Print the explanation of a code of ``--check``; return the exit code.

    :raises UsageError: there is no such code.
    """
    known = CODES.get(code.strip().upper())
    if known is None:
        raise UsageError(f"no code {code!r}; there are {', '.join(CODES)}")
    columns = shutil.get_terminal_size((_WIDEST, 24)).columns
    width = max(min(columns, _WIDEST), _NARROWEST)
    lines = page(known, explanation(known.code), width)
    if sys.stdout.isatty():
        printing.spans([list(line.spans) for line in lines])
    else:
        printing.folding(lines)
    return 0


def page(code: Code, explained: CodePage, width: int) -> list[FindingLine]:
    """Lines of a code's explanation: paragraphs wrapped to ``width`` columns, code as it is."""
    severity = code.severity.value
    heading = FindingLine(
        (
            Span(code.code, "bold"),
            Span("  "),
            Span(severity, _STYLES[severity]),
            Span(f"  {code.title}"),
        )
    )
    default = [] if code.by_default else _paragraphs("Off unless it is selected.", width)
    return [
        heading,
        *default,
        *_paragraphs(explained.meaning, width),
        *_block(explained.example),
        *_paragraphs(explained.cure, width),
        *_block(explained.mended),
    ]


def _paragraphs(text: str, width: int) -> list[FindingLine]:
    lines = []
    for paragraph in text.split("\n\n"):
        lines.append(FindingLine())
        for part in textwrap.wrap(
            " ".join(paragraph.split()), width, break_on_hyphens=False, break_long_words=False
        ):
            lines.append(FindingLine((Span(part),)))
    return lines


def _block(text: str) -> list[FindingLine]:
    return [
        FindingLine(),
        *(
            FindingLine((Span(f"    {line}", "bold"),)) if line else FindingLine()
            for line in text.split("\n")
        ),
    ]
