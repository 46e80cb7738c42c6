"""Letters that a person types at the terminal, each with Enter, and what each asks for.

The terminal stays as it is: with Enter, for a debugger in a worker has it as well, and a mode of
the terminal's would outlive a crash. A debugger in a loop's thread keeps that from turning: what is
still there once each loop has turned is for here. An ``input()`` in another thread has read it at
once, and gets a moment for that.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, Protocol

from tornkit.serve.loop.loop import Loop

PAGE = "/__tornkit__/"  # `tornkit.devtools.page_script.FOLDER`
ASKED = "asked for"  # the reason of a restart that a person types
_MOMENT = 0.15  # seconds
_MOST_BYTES = 1024


class KeyActions(Protocol):
    """Actions that a letter typed at the terminal can trigger."""

    def restart(self, reason: str) -> None:
        """Start all workers anew."""

    def resize(self, change: int) -> None:
        """Add ``change`` workers, or with a negative number end some."""

    def stop(self, why: str) -> None:
        """Let requests under way finish, then end."""

    def open_browser(self, path: str = "") -> None:
        """Show what is served in a browser, at this path below its URL."""

    def list_routes(self) -> None:
        """Write the routing table to the terminal."""

    def clear_terminal(self) -> None:
        """Make the terminal empty."""

    def show_keys(self, keys: Iterable[tuple[str, str]]) -> None:
        """Show the list of letters, and what each does."""


class Key(NamedTuple):
    """A letter, what a person is told of it, and what it does."""

    letter: str
    meaning: str
    action: Callable[[], None]


class Keys:
    """Reader of the lines that a person types at the terminal; triggers the action of each.

    ``terminal`` is its descriptor. ``is_free(since)``: no worker reads what was typed since then.
    """

    def __init__(
        self, loop: Loop, actions: KeyActions, is_free: Callable[[float], bool], terminal: int = 0
    ) -> None:
        self._loop = loop
        self._actions = actions
        self._is_free = is_free
        self._terminal = terminal
        self._since: float | None = None  # when what is there came
        self._keys = {
            each.letter: each
            for each in (
                Key("r", "start all workers anew", partial(actions.restart, ASKED)),
                Key("o", "open a browser", actions.open_browser),
                Key("d", "and there the page of the server", partial(actions.open_browser, PAGE)),
                Key("c", "clear the terminal", actions.clear_terminal),
                Key("w", "one worker more", partial(actions.resize, +1)),
                Key("W", "one worker fewer", partial(actions.resize, -1)),
                Key("l", "list the routes", actions.list_routes),
                Key("q", "quit", partial(actions.stop, "q")),
                Key("h", "this list", self._help),
            )
        }

    def fileno(self) -> int:
        """The terminal's descriptor."""
        return self._terminal

    def begin(self) -> None:
        """Listen to the terminal from now on; do nothing where it can't be waited for."""
        # A descriptor that can't be waited for is no terminal.
        with contextlib.suppress(OSError, ValueError):
            self._loop.listen(self, self._came)

    def _came(self) -> None:
        """Wait a moment before reading, so that a worker that reads the terminal goes first."""
        self._loop.unlisten(self)
        if self._since is None:
            self._since = self._loop.now()
        self._loop.at(self._loop.now() + _MOMENT, self._look)

    def _look(self) -> None:
        """Act on typed lines that no other process has read."""
        assert self._since is not None
        if not self._is_there():
            self._since = None
        elif self._is_ours() and self._is_free(self._since):
            self._since = None
            try:
                typed = os.read(self._terminal, _MOST_BYTES)
            except OSError:  # the terminal is gone
                return
            for line in typed.decode(errors="replace").split("\n")[:-1]:
                key = self._keys.get(line.strip())
                if key is not None:
                    key.action()
        self.begin()

    def _is_there(self) -> bool:
        poll = select.poll()
        poll.register(self._terminal, select.POLLIN)
        return bool(poll.poll(0))

    def _is_ours(self) -> bool:
        """Whether this process is in the terminal's foreground; else reading would stop it."""
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:
            return False

    def _help(self) -> None:
        self._actions.show_keys((key.letter, key.meaning) for key in self._keys.values())
