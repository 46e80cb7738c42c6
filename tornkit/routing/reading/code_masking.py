"""Lines of Python without the secrets that are written into them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tornkit.masking import MASK, is_secret_name, masked

_WORD = re.compile(r"[A-Za-z_][\w-]*")
_LITERAL = re.compile(r"""(?P<quote>["'])(?P<text>(?:\\.|(?!(?P=quote)).)+)(?P=quote)""")
_TRIPLE = re.compile(r"\"{3}|'{3}")


def without_secrets(lines: Sequence[str]) -> list[str]:
    """Code without what is written into it behind a secret name, in as many lines as it takes.

    ``cookie_secret: str = "x"``, ``get("password", "x")``, ``api_key = ("x"`` and the line behind.
    """
    found: list[str] = []
    depth, text, secret = 0, "", False  # brackets open, the quotes of a text, and what it is
    for line in lines:
        line = _LITERAL.sub(_by_its_looks, line)  # noqa: PLW2901
        if not text and depth <= 0:
            depth, secret = 0, False
        begin = 0 if secret else _behind_secret_name(line)
        secret = begin is not None
        inside = bool(text)
        for quotes in _TRIPLE.findall(line):
            text = quotes if not text else "" if text == quotes else text
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        if not secret:
            found.append(line)
        elif inside or text:
            found.append(line[: len(line) - len(line.lstrip())] + MASK)
        else:
            found.append(f"{line[:begin]}{_LITERAL.sub(_masked_literal, line[begin:])}")
    return found


def _behind_secret_name(line: str) -> int | None:
    """Place behind the first one, and behind its quotes if it is in some."""
    for each in _WORD.finditer(line):
        if is_secret_name(each[0]):
            return each.end() + (line[each.end() : each.end() + 1] in ("'", '"'))
    return None


def _masked_literal(found: re.Match[str]) -> str:
    if _WORD.fullmatch(found["text"]) and is_secret_name(found["text"]):
        return found[0]  # the name itself
    return f"{found['quote']}{MASK}{found['quote']}"


def _by_its_looks(found: re.Match[str]) -> str:
    return f"{found['quote']}{masked(found['text'])}{found['quote']}"
