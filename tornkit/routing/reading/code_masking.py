"""Lines of Python without the secrets that are written into them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from tornkit.masking import MASK, is_secret_name, masked

_WORD = re.compile(r"[A-Za-z_][\w-]*")
# A text between quotes, which may be empty; else a comment, or what begins with a quote and ends on
# another line, or is an apostrophe.
_LITERAL = re.compile(r"""(?P<quote>"{3}|'{3}|["'])(?P<text>(?:\\.|(?!(?P=quote)).)*)(?P=quote)""")
_PART = re.compile(rf"""{_LITERAL.pattern}|(?P<rest>\#.*|["'].*)""")
_TRIPLE = re.compile(r"\"{3}|'{3}")


def without_secrets(lines: Sequence[str]) -> list[str]:
    """Mask the values that stand behind a secret name in lines of code; as many lines come out.

    ``cookie_secret: str = "x"``, ``get("password", "x")``, ``api_key = ("x"`` and the line behind.
    """
    found: list[str] = []
    depth, text, secret = 0, "", False  # brackets open, the quotes of a text, and what it is
    goes_on = False  # behind a backslash
    for line in lines:
        line = _LITERAL.sub(_by_its_looks, line)  # noqa: PLW2901
        if not text and depth <= 0 and not goes_on:
            depth, secret = 0, False
        begin = 0 if secret else _behind_secret_name(line)
        secret = begin is not None
        inside = bool(text)
        for quotes in _TRIPLE.findall(line):
            text = quotes if not text else "" if text == quotes else text
        goes_on = line.endswith("\\")
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        if not secret:
            found.append(line)
        elif inside or text:
            found.append(line[: len(line) - len(line.lstrip())] + MASK)
        else:
            found.append(_PART.sub(partial(_masked_part, begin or 0), line))
    return found


def _behind_secret_name(line: str) -> int | None:
    """Offset behind a line's first secret name and its closing quote; None without one."""
    for each in _WORD.finditer(line):
        if is_secret_name(each[0]):
            return each.end() + (line[each.end() : each.end() + 1] in ("'", '"'))
    return None


def _masked_part(begin: int, found: re.Match[str]) -> str:
    """Replacement of a string or comment of a line: masked if it stands behind ``begin``."""
    if found["rest"] is not None:
        shown = found[0][: max(1, begin - found.start())]
        return f"{shown}{MASK}" if shown != found[0] else shown
    is_name = _WORD.fullmatch(found["text"]) and is_secret_name(found["text"])
    if found.start() < begin or not found["text"] or is_name:
        return found[0]
    return f"{found['quote']}{MASK}{found['quote']}"


def _by_its_looks(found: re.Match[str]) -> str:
    return f"{found['quote']}{masked(found['text'])}{found['quote']}"
