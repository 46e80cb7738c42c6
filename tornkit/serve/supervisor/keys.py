"""Letters that a person types at the terminal, each with Enter, and what each asks for.

The terminal stays as it is: with Enter, for a debugger in a worker has it as well, and a mode of
the terminal's would outlive a crash. While a worker may be reading it, nothing is read here.
"""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple, Protocol

from tornkit import linux
from tornkit.serve.loop.loop import Loop

PAGE = "/__tornkit__/"  # `tornkit.devtools.page_script.FOLDER`
ASKED = "asked for"  # the reason of a restart that a person types
_PAUSE = 0.2  # seconds, where somebody else may be reading
_MOST_BYTES = 1024


class KeyActions(Protocol):
    """What can be asked for by a letter."""

    def restart(self, reason: str) -> None:
        """Start all workers anew."""

    def resize(self, change: int) -> None:
        """Have so many workers more, or with a negative number fewer."""

    def stop(self, why: str) -> None:
        """Let requests under way finish, then end."""

    def open_browser(self, path: str = "") -> None:
        """Show what is served in a browser, at this path below its URL."""

    def list_routes(self) -> None:
        """Write the routing table to the terminal."""

    def clear_terminal(self) -> None:
        """Make the terminal empty."""

    def show_keys(self, keys: Iterable[tuple[str, str]]) -> None:
        """Tell which letters there are, and what each does."""


class Key(NamedTuple):
    """A letter, what a person is told of it, and what it does."""

    letter: str
    meaning: str
    action: Callable[[], None]


class Keys:
    """Reads lines from ``terminal``, a descriptor, while it ``is_free()``."""

    def __init__(
        self, loop: Loop, actions: KeyActions, is_free: Callable[[], bool], terminal: int = 0
    ) -> None:
        self._loop = loop
        self._actions = actions
        self._is_free = is_free
        self._terminal = terminal
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
        """Read from now on."""
        # A descriptor that can't be waited for is no terminal.
        with contextlib.suppress(OSError, ValueError):
            self._loop.listen(self, self._read)

    def _read(self) -> None:
        if not self._is_ours() or not self._is_free():
            self._pause()
            return
        try:
            typed = os.read(self._terminal, _MOST_BYTES)
        except OSError:  # the terminal is gone
            self._loop.unlisten(self)
            return
        if not typed:  # Ctrl-D
            self._pause()
        for line in typed.decode(errors="replace").split("\n")[:-1]:
            key = self._keys.get(line.strip())
            if key is not None:
                key.action()

    def _is_ours(self) -> bool:
        """Whether this is the job in the foreground; any other is stopped when it reads."""
        try:
            return os.tcgetpgrp(self._terminal) == os.getpgrp()
        except OSError:
            return False

    def _pause(self) -> None:
        self._loop.unlisten(self)
        self._loop.at(self._loop.now() + _PAUSE, self.begin)

    def _help(self) -> None:
        self._actions.show_keys((key.letter, key.meaning) for key in self._keys.values())


# Numbers of system calls (Linux, by machine): read; select and pselect6, in which readline waits.
_CALLS = {
    "x86_64": ({"0"}, {"23", "270"}),
    "aarch64": ({"63"}, {"72"}),
}
CAN_TELL = linux.USED and platform.machine() in _CALLS
"""Whether `reads` can tell."""


def reads(pid: int) -> bool:
    """Whether a thread of a process waits for its standard input: for bytes, or for readline.

    As far as this user may see it; a wait for other descriptors as well is not seen.
    """
    reading, selecting = _CALLS[platform.machine()]
    threads = linux.PROC / str(pid) / "task"
    with contextlib.suppress(OSError):
        for thread in threads.iterdir():
            with contextlib.suppress(OSError):
                number, *arguments = (thread / "syscall").read_text().split()
                first = arguments[0] if arguments else ""
                # Of descriptors below 1 there is the one.
                if (number in reading and first == "0x0") or (
                    number in selecting and first == "0x1"
                ):
                    return True
    return False
