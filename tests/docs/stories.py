"""The blocks of a page, played one after another as a reader would.

A `Story` has a folder, which the page calls /home/me; a shell, whose variables and current folder
go on from command to command; and at most one server, whose lines are waited for. 8888 on a page is
a port of its own here.
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from tests.docs.markdown import ROOT, Block

_HOME = "/home/me"
_PORT = "8888"
_REPOSITORY = "https://github.com/tornkit/tornkit"
_LONGEST = 600.0  # seconds that a command may take, an installation on a busy machine among them


class Mismatch(AssertionError):
    """Something else happened than a page shows."""


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def commands_of(block: Block) -> list[tuple[str, str]]:
    """Commands of a block ``console`` or ``sh``, each with what is shown below it.

    What is shown above the first command, or where there is none, stands with an empty command.
    """
    found: list[tuple[str, str]] = []
    for line in block.text.splitlines():
        if found and found[-1][0].endswith("\\"):
            found[-1] = (f"{found[-1][0][:-1]}{line.removeprefix('>')}", "")
        elif block.language == "sh":
            if line.strip() and not line.startswith("#"):
                found.append((line, ""))
        elif line.startswith("$ "):
            found.append((line.removeprefix("$ "), ""))
        else:
            command, shown = found.pop() if found else ("", "")
            found.append((command, f"{shown}{line}\n"))
    return found


def normal(text: str, *, any_number: bool = False) -> list[str]:
    """Lines without what differs from run to run: spaces, durations, lines of Tornado's files."""
    text = re.sub(r"tornado/web\.py:\d+", "tornado/web.py:N", text)
    text = re.sub(r"\b\d+(\.\d+)? ?(ms|s)\b", "N s", text)
    if any_number:
        text = re.sub(r"\d+(\.\d+)?", "N", text)
    return [" ".join(line.split()) for line in text.splitlines() if line.strip()]


def is_shown(expected: Sequence[str], found: Sequence[str]) -> bool:
    """Whether lines are those of a page, where ``...`` stands for any number of lines."""
    pattern = "".join(
        r"(?:[^\n]*\n)*?" if line == "..." else f"{re.escape(line)}\n" for line in expected
    )
    return re.fullmatch(pattern, "".join(f"{line}\n" for line in found)) is not None


def edited(text: str, diff: str) -> str:
    """The text with a diff done to it, whose old lines have to stand there exactly once."""
    old = "".join(f"{line[1:]}\n" for line in diff.splitlines() if not line.startswith("+"))
    new = "".join(f"{line[1:]}\n" for line in diff.splitlines() if not line.startswith("-"))
    if text.count(old) != 1:
        raise Mismatch(f"these lines stand there {text.count(old)} times:\n{old}\nin\n{text}")
    return text.replace(old, new)


class ServerLog:
    """What a server prints, whose lines are waited for, one behind the other."""

    def __init__(self, path: Path, home: str, port: int) -> None:
        self._path = path
        self._home = home
        self._port = str(port)
        self._seen = 0

    def text(self) -> str:
        return self._path.read_text(encoding="utf-8")

    def lines(self) -> list[str]:
        text = self.text().replace(self._home, _HOME).replace(self._port, _PORT)
        return [generalised(line) for line in text.splitlines()]

    def wait_for(self, shown: str) -> None:
        """Wait for the lines of a block, in their order.

        :raises Mismatch: one does not come.
        """
        for line in shown.splitlines():
            if line.strip() and line != "...":
                self._wait_for_line(generalised(line))

    def _wait_for_line(self, expected: str) -> None:
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline:
            lines = self.lines()
            if expected in lines[self._seen :]:
                self._seen = lines.index(expected, self._seen) + 1
                return
            time.sleep(0.02)  # between looks at a condition
        raise Mismatch(f"{expected!r} was not printed; the log:\n{self.text()}")


def generalised(line: str) -> str:
    """A line of a log without its numbers, which differ each time, and with single spaces."""
    return re.sub(r"\d+", "N", " ".join(line.split()))


def reader_environment(root: Path, *, slow: bool, port: int) -> dict[str, str]:
    """What a reader has before the first line of a page, with its commands in a folder of ``root``.

    In the thorough run that is a Python and nothing else; in the ordinary one, where nothing is
    installed, a tornkit as well. No uv, whose commands `tornkit new` would print.
    """
    tools = root / "bin"
    tools.mkdir()
    base = getattr(sys, "_base_executable", None) or sys.executable
    here = Path(sys.executable).parent
    own = {name: here / name for name in ("tornkit", "python", "python3", "pytest")}
    for name, command in ({"python3": Path(base)} if slow else own).items():
        (tools / name).write_text(f'#!/bin/sh\nexec {shlex.quote(str(command))} "$@"\n')
        (tools / name).chmod(0o755)
    (root / ".curlrc").write_text("silent\n")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name in {"HOME", "LANG", "TMPDIR", "SSL_CERT_FILE"} or name.startswith("PIP_")
    }
    return {
        "PIP_CACHE_DIR": str(Path.home() / ".cache" / "pip"),
        **kept,
        "PATH": f"{tools}:/usr/bin:/bin",
        "NO_COLOR": "1",
        "COLUMNS": "200",
        "PORT": str(port),
        "CURL_HOME": str(root),
        "XDG_CACHE_HOME": str(root / "cache"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_COMPILE": "1",  # half the time of an installation
        # A repository that is named is this one.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{ROOT.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": _REPOSITORY,
    }


def ended(process: subprocess.Popen[bytes], seconds: float) -> int | None:
    """How a process ended; None where it did not in time, and was killed with its children."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


class Story:
    """A reader's folder, shell and server."""

    def __init__(self, folder: Path, *, slow: bool) -> None:
        self._root = folder
        self._home = folder / "home"
        self._home.mkdir()
        self._port = free_port()
        self._slow = slow
        self._servers = 0
        self._server: tuple[subprocess.Popen[bytes], ServerLog] | None = None
        self._state = folder / "state"
        self._state.write_text(f"cd {shlex.quote(str(self._home))}\n")
        # `tornkit status` tells of all servers here; a short path, as sockets have one.
        self._runtime = Path(tempfile.mkdtemp(prefix="tornkit-"))
        self._environment = {
            **reader_environment(folder, slow=slow, port=self._port),
            "XDG_RUNTIME_DIR": str(self._runtime),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.end()
        except Mismatch:
            if error is None:
                raise
        finally:
            shutil.rmtree(self._runtime, ignore_errors=True)

    def play(self, blocks: Sequence[Block]) -> None:
        """Do what the blocks show, and compare.

        :raises Mismatch: something else happens.
        """
        for block in blocks:
            if "shown" in block.directives or ("slow" in block.directives and not self._slow):
                continue
            try:
                self._play(block)
            except Mismatch as error:
                raise Mismatch(f"line {block.line}: {error}") from None

    def _play(self, block: Block) -> None:
        if name := block.directives.get("file"):
            self._file(name).parent.mkdir(parents=True, exist_ok=True)
            self._file(name).write_text(self._here(block.text), encoding="utf-8")
        elif name := block.directives.get("edit"):
            text = self._file(name).read_text(encoding="utf-8")
            self._file(name).write_text(edited(text, self._here(block.text)), encoding="utf-8")
        else:
            commands = commands_of(block)
            for number, (command, shown) in enumerate(commands, 1):
                last = number == len(commands)
                code = int(block.directives.get("exit", "0")) if last else 0
                self._command(command, shown, block, code)

    def _command(self, command: str, shown: str, block: Block, code: int) -> None:
        if not command:
            if self._server is None:
                raise Mismatch("no server runs that could print it")
            self._server[1].wait_for(shown)
        elif "server" in block.directives or (
            "exit" not in block.directives and re.match(r"(\S*/)?tornkit serve\b", command)
        ):
            self._serve(command, shown)
        else:
            self._run(command, shown, block, code)

    def _file(self, name: str) -> Path:
        return self._folder() / name

    def _folder(self) -> Path:
        """The shell's current folder."""
        found = re.findall(r"^cd (.*)$", self._state.read_text(encoding="utf-8"), re.MULTILINE)
        return Path(shlex.split(found[-1])[0])

    def _here(self, text: str) -> str:
        return text.replace(_PORT, str(self._port)).replace(_HOME, str(self._home))

    def _run(self, command: str, shown: str, block: Block, code: int) -> None:
        state = shlex.quote(str(self._state))
        keeping = f'{{ export -p; printf "cd %q\\n" "$PWD"; }} > {state}'
        output = self._root / "output"
        # A file: the end of a pipe would be that of what goes on in the background, too.
        with output.open("wb") as out:
            shell = self._bash(f"{self._here(command)}\ncode=$?\n{keeping}\nexit $code", out)
        returned = ended(shell, _LONGEST)
        printed = output.read_text(encoding="utf-8")
        printed = printed.replace(str(self._home), _HOME).replace(str(self._port), _PORT)
        if returned != code:
            how = "did not end" if returned is None else f"ended with {returned}, not {code}"
            raise Mismatch(f"{command} {how}:\n{printed}")
        any_number = "numbers vary" in block.directives
        expected, found = (normal(each, any_number=any_number) for each in (shown, printed))
        if block.language == "console" and not is_shown(expected, found):
            raise Mismatch(f"{command} printed\n{printed}\nwhere the page shows\n{shown}")

    def _bash(self, script: str, out: BinaryIO) -> subprocess.Popen[bytes]:
        """Start a script in the shell's folder, with its variables."""
        return subprocess.Popen(
            ["bash", "-c", f". {shlex.quote(str(self._state))}\n{script}"],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )

    def _serve(self, command: str, shown: str) -> None:
        self.end()
        self._servers += 1
        path = self._root / f"server-{self._servers}.log"
        with path.open("wb") as out:
            server = self._bash(f"exec {self._here(command)}", out)
        self._server = server, ServerLog(path, str(self._home), self._port)
        self._server[1].wait_for(shown)

    def end(self) -> None:
        """End the server that runs, as Ctrl-C would.

        :raises Mismatch: it does not end well.
        """
        if self._server is None:
            return
        (server, log), self._server = self._server, None
        server.send_signal(signal.SIGINT)
        code = ended(server, 30)
        if code is None:
            raise Mismatch(f"the server did not end; its log:\n{log.text()}")
        if code:
            raise Mismatch(f"the server ended with {code}; its log:\n{log.text()}")
