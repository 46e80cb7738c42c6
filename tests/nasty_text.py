"""Text that a terminal, a log reader or a spreadsheet would obey, and a search for such."""

from __future__ import annotations

import random
import re

NASTY = (
    "=x\x1b]0;title\x07\x1b[31m\x9b2J\x7f\x00\x08\x0b\r\n14:00:00 200 GET /forged\n::error::x"
    "\t\u202e\u2066\u200b\u2028\u2029\ufeff\udcff\ud800\U000e0001é|`%"
)
# What a Python identifier-like name, or a file's, may hold of it.
WITHOUT_SURROGATES = "".join(mark for mark in NASTY if not "\ud800" <= mark <= "\udfff")
ARGUMENT = NASTY.replace("\x00", "").replace("\ud800", "")
"""As a command line or an environment can have it."""
FILE_NAME = ARGUMENT.replace("/", "").replace(":", "")


def disobedient(text: str, allowed: str = "\n\t") -> set[str]:
    """The characters of ``text`` that are not printable, but for colours and ``allowed``."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return {mark for mark in plain if not mark.isprintable() and mark not in allowed}


def random_text(chance: random.Random) -> str:
    """Up to 40 characters, half of them from the corners of Unicode."""
    planes = ((0, 0x20), (0x20, 0x7E), (0x7F, 0xA0), (0x2000, 0x2070), (0xD800, 0xDFFF))
    letters = []
    for _ in range(chance.randrange(40)):
        first, last = chance.choice((*planes, (0, 0x10FFFF)))
        letters.append(chr(chance.randint(first, last)))
    return "".join(letters)
