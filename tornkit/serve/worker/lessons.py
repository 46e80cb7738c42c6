"""Lessons of running the user's code, with which the worker is started again."""

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
    """Tells the supervisor, by ``send``, and ends the process."""

    def __init__(self, send: Callable[[Learned], None], is_ready: Callable[[], bool]) -> None:
        self._send = send
        self._is_ready = is_ready
        self._known = Lesson()

    @property
    def not_http(self) -> tuple[int, ...]:
        """Ports of the program's servers of another protocol."""
        return self._known.not_http

    def take(self, lesson: Lesson, orders: Orders) -> Orders:
        """The orders, with what earlier workers have found out."""
        if lesson == self._known:
            return orders
        self._known = lesson
        return replace(orders, target=orders.target.as_program(Serves(lesson.serves)))

    def find_program(self, target: Target, serves: Serves) -> NoReturn:
        """Have this application started again as the program that it is.

        :raises NotAnApplication: it can't be.
        """
        if serves is Serves.CALLED and target.attribute is None:
            raise NotAnApplication(
                f"{target.label} serves by itself and returns no application; name "
                "the function that does so, or the file"
            )
        self._tell(Lesson(serves=serves.value))

    def find_not_http(self, port: int) -> None:
        """Have this program started again, and --port kept from a server of another protocol.

        Not once it serves.
        """
        if not self._is_ready():
            self._tell(Lesson(not_http=(port,)))

    def _tell(self, lesson: Lesson) -> NoReturn:
        """End; the supervisor kills this process, too, for user code may not let it end."""
        self._send(Learned(lesson))
        sys.exit(1)
