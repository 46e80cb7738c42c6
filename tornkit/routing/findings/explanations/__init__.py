"""Explanations of codes: what one means, why, and what to do; one Markdown file each.

A file has four parts, in this order: paragraphs that explain, a Python block that has the defect,
paragraphs on the cure, and the same block mended. Each block is a program that makes ``app``, so
that a test can load it and see that the first gives this code and the second does not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources

_PARTS = re.compile(
    r"\s*(?P<meaning>.*?)\s*```python\n(?P<example>.*?)```"
    r"\s*(?P<cure>.*?)\s*```python\n(?P<mended>.*?)```\s*",
    re.DOTALL,
)


@dataclass(frozen=True)
class CodePage:
    """Explanation of one code, in its parts.

    ``meaning`` and ``cure`` are paragraphs with an empty line between them; ``example`` and
    ``mended`` are Python; ``markdown`` is all of it as it is written.
    """

    code: str
    meaning: str
    example: str
    cure: str
    mended: str
    markdown: str


@cache
def explanation(code: str) -> CodePage:
    """Explanation of a key of `tornkit.routing.findings.codes.CODES`.

    :raises ValueError: its file is not made of the four parts.
    """
    written = resources.files(__name__).joinpath(f"{code}.md").read_text(encoding="utf-8")
    parts = _PARTS.fullmatch(written)
    if parts is None:
        raise ValueError(f"{code}.md is not made of text, example, text and example")
    return CodePage(
        code,
        parts["meaning"],
        parts["example"].rstrip(),
        parts["cure"],
        parts["mended"].rstrip(),
        written.strip(),
    )
