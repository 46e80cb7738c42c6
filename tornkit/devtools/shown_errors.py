"""Reports errors that a page has shown, so that they are listed and their frames opened."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

tell: Callable[[dict[str, Any]], None] | None = None
"""Told of each; None where nobody keeps them."""
opens_lines = False
"""Whether a frame of one can be opened."""


def note(data: dict[str, Any]) -> str:
    """Report an error (`error_data`); return the id for its page, "" where nobody keeps errors."""
    if tell is None:
        return ""
    name = f"request-{secrets.token_hex(8)}"
    tell({**data, "id": name})
    return name
