"""Errors that a person has been shown, told to whoever lists them, and opens their frames."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

tell: Callable[[dict[str, Any]], None] | None = None
"""Told of each; None where nobody keeps them."""
opens_lines = False
"""Whether a frame of one can be opened."""


def note(data: dict[str, Any]) -> str:
    """Tell of an error (`error_data`); the name by which its page refers to it, "" if by none."""
    if tell is None:
        return ""
    name = f"request-{secrets.token_hex(8)}"
    tell({**data, "id": name})
    return name
