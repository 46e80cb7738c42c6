"""Errors of the bus, each for whoever called it.

::

    BusError
    ├── BadName           a channel's name that can't be one (also a ValueError)
    ├── MessageTooLarge          a message beyond the limit (also a ValueError)
    ├── NoLoop            it was used where no event loop runs
    ├── StoreFull         no room for another value
    ├── LeaseLost         a lease has ended before its block
    ├── Unavailable       nothing takes the message, or nothing has said that it did
    └── SlowSubscriber    a subscription has ended because it was not read
"""

from __future__ import annotations


class BusError(Exception):
    """Base class of all errors of the bus."""


class BadName(BusError, ValueError):
    """Name of a channel that is not valid."""


class MessageTooLarge(BusError, ValueError):
    """Message that is larger than the limit."""


class NoLoop(BusError, RuntimeError):
    """Use of the bus where no event loop runs."""


class StoreFull(BusError):
    """The store has no room for another value."""


class LeaseLost(BusError):
    """A lease has ended before its ``async with`` block: another may hold it by now."""


class Unavailable(BusError, ConnectionError):
    """The process or server behind the bus is away.

    What was being published has maybe reached others; it is not sent again.
    """


class SlowSubscriber(BusError):
    """End of a subscription whose messages were not read, with ``on_slow="disconnect"``.

    ``position`` is that of the last message that was read; with ``since=position`` another goes on.
    """

    def __init__(self, message: str, position: str) -> None:
        super().__init__(message)
        self.position = position
