"""Protocol by which the succession of generations asks and tells the process that owns it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Owner(Protocol):
    """Owner of the succession: the process in which it runs."""

    def environment(self) -> Mapping[str, str]:
        """The environment of a new generation's workers."""

    def first_serves(self) -> None:
        """Note that the first generation serves; called once."""

    def waits(self) -> None:
        """Note that nothing serves, and that the next edit may help."""

    def gives_room(self) -> None:
        """Free the addresses that were bound for the application, for a program to bind them."""

    def serves_more(self) -> None:
        """Note that more addresses may be served than before."""

    def hopeless(self) -> None:
        """Note that nothing serves, and no edit is awaited that could help."""

    def finished(self) -> None:
        """Note that the program that was served has ended in good order, and no edit is awaited."""
