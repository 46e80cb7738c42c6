"""Findings from running the user's code, with which the worker is started again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

from tornkit.appload.target import Serves, Target
from tornkit.errors import NotAnApplication
from tornkit.serve.wire.messages import Learned, Lesson
from tornkit.serve.wire.orders import Orders


class Lessons:
    """Sends findings on the user's code to the supervisor, by ``send``, and ends the process."""

    def __init__(self, send: Callable[[Learned], None], is_ready: Callable[[], bool]) -> None:
        self._send = send
        self._is_ready = is_ready
        self._known = Lesson()

    @property
    def not_http(self) -> tuple[int, ...]:
        """Ports of the program's servers of another protocol."""
        return self._known.not_http

    def take(self, lesson: Lesson, orders: Orders) -> Orders:
        """Note what earlier workers have found out, and return the orders that follow from it."""
        if lesson == self._known:
            return orders
        self._known = lesson
        return replace(orders, target=orders.target.as_program(Serves(lesson.serves)))

    def find_program(self, target: Target, serves: Serves) -> NoReturn:
        """Have the application started again as a program, as it makes its own server.

        :raises NotAnApplication: it can't be.
        """
        if serves is Serves.CALLED and target.attribute is None:
            raise NotAnApplication(
                f"{target.label} serves by itself and returns no application; name "
                "the function that does so, or the file"
            )
        self._tell(Lesson(serves=serves.value))

    def find_not_http(self, port: int) -> None:
        """Have the program started again, without --port for its server of another protocol.

        Not once it serves.
        """
        if not self._is_ready():
            self._tell(Lesson(not_http=(port,)))

    def _tell(self, lesson: Lesson) -> NoReturn:
        """Send a finding and exit; the supervisor kills this process, too: user code may go on."""
        self._send(Learned(lesson))
        sys.exit(1)
