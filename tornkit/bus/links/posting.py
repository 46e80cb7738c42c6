"""Messages that are posted: nobody waits for their answer, and a loss is logged."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

MOST_UNSENT = 16 * 1024 * 1024  # bytes that are posted while the broker does not read
_log = logging.getLogger("tornkit")


def tell_if_lost(channel: str, answer: asyncio.Future[Any]) -> None:
    """Log a posted message whose answer is an error."""
    if not answer.cancelled() and (error := answer.exception()) is not None:
        tell_of_loss(channel, error)


def tell_of_loss(channel: str, error: BaseException) -> None:
    """Log that a message is maybe lost."""
    _log.error("a message to %s is maybe lost: %s", channel, error)
