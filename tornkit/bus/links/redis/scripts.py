"""Scripts that Redis runs, each as a whole: what they do is done at once for all links."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).with_name("scripts")
NAMES = (
    "publish",
    "changed",
    "missed",
    "enter",
    "leave",
    "beat",
    "present",
    "store",
)


class Script:
    """The text of a script, and the hash by which Redis knows it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@cache
def begin_text() -> str:
    """Text of the script that a link runs when it has connected."""
    return (_FOLDER / "begin.lua").read_text()


@cache
def scripts() -> dict[str, Script]:
    """All scripts but that one of `begin_text`, by name."""
    common = (_FOLDER / "common.lua").read_text()
    return {name: Script(common + (_FOLDER / f"{name}.lua").read_text()) for name in NAMES}
