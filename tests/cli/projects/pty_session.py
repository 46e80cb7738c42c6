"""The real command on a real pseudo-terminal, with a person's answers."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path

import tornkit

CTRL_C = "\x03"

# Ctrl-C reaches those whose terminal it is.
_TAKE_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""


def environment(**extra: str) -> dict[str, str]:
    """This one without what would set options; git as new as on the day it was installed."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TORNKIT_")}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "VIRTUAL_ENV"):
        kept.pop(name, None)
    root = str(Path(tornkit.__file__).parents[1])
    return {**kept, "PYTHONPATH": root, "TERM": "dumb", "GIT_CONFIG_GLOBAL": os.devnull, **extra}


def in_terminal(
    folder: Path, arguments: Sequence[str], answers: Sequence[tuple[str, str]], **extra: str
) -> tuple[int, str]:
    """Exit code and what a person saw, who typed each answer once its question was there."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    child = subprocess.Popen(
        [sys.executable, "-c", _TAKE_TERMINAL, sys.executable, "-m", "tornkit", *arguments],
        cwd=folder,
        env=environment(**extra),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    seen, looked = b"", 0
    waiting = list(answers)
    try:
        while True:
            # Python's readline misses a Ctrl-C between the prompt and its waiting for a key.
            if not select.select([ours], [], [], 1)[0]:
                unheard = not waiting and seen[looked:] in (b"", b"^C")
                if unheard and answers and answers[-1][1] == CTRL_C:
                    os.write(ours, CTRL_C.encode())
                continue
            chunk = os.read(ours, 65536)
            if not chunk:  # and macOS's
                break
            seen += chunk
            while waiting and (at := seen.find(waiting[0][0].encode(), looked)) >= 0:
                looked = at + len(waiting[0][0])
                os.write(ours, waiting.pop(0)[1].encode())
    except OSError:  # Linux's way to say that the other side is closed
        pass
    finally:
        os.close(ours)
        code = child.wait(timeout=30)
    assert not waiting, f"never asked: {waiting}; {seen.decode()}"
    return code, seen.decode().replace("\r\n", "\n")
