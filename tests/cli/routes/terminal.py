"""The real command, on a pseudo-terminal or with pipes."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import tornkit


def _command(arguments: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "tornkit", "routes", *arguments]


def _environment(extra: dict[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("TORNKIT_")}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR"):
        kept.pop(name, None)
    root = str(Path(tornkit.__file__).parents[1])
    return {**kept, "PYTHONPATH": root, "TERM": "xterm", **extra}


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Without a terminal anywhere."""
    return subprocess.run(
        _command(arguments),
        cwd=folder,
        env=_environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
    )


def run_in_terminal(
    folder: Path, *arguments: str, answer: str = "", columns: int = 100, **environment: str
) -> tuple[int, str]:
    """Exit code and what a person saw, who answered a question (y/n) with ``answer``."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    child = subprocess.Popen(
        _command(arguments),
        cwd=folder,
        env=_environment(environment),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen, answered = b"", False
    try:
        while chunk := os.read(ours, 65536):
            seen += chunk
            if not answered and b"[y/N]: " in seen:
                os.write(ours, f"{answer}\n".encode())
                answered = True
    except OSError:  # Linux's way to say that the other side is closed
        pass
    finally:
        os.close(ours)
        code = child.wait(timeout=30)
    return code, seen.decode().replace("\r\n", "\n")


def without_colours(seen: str) -> str:
    """The same in plain letters."""
    return re.sub(r"\x1b\[[\d;]*m", "", seen)
