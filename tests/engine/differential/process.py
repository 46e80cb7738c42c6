"""The side of a run: a player's process, started, asked, and put an end to."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tests.engine.differential.compare import Kind
from tests.engine.differential.generate import corpus_digest
from tests.engine.differential.messages import Began, Ready, Restless

REPOSITORY = Path(__file__).parents[3]
_START = 60.0


@dataclass(frozen=True)
class Subject:
    """Which server, on which loop, behind which kind of socket."""

    server: str
    loop: str = "asyncio"
    family: str = "unix"


class Died(Exception):
    """A process crashed, hung or never came to rest. ``during``: the batch, where it is known."""

    def __init__(self, role: str, kind: Kind, detail: str, during: range | None) -> None:
        super().__init__(f"the {role} {detail}")
        self.role = role
        self.kind = kind
        self.detail = detail
        self.during = during


@dataclass
class PlayerProcess:
    """One process. ``silence``: seconds after which one that says nothing hangs."""

    role: str
    subject: Subject
    silence: float = 30.0
    _process: subprocess.Popen[bytes] | None = None
    _connection: Connection | None = None
    _folder: tempfile.TemporaryDirectory[str] | None = None

    def ask(self, message: object) -> None:
        """Sends a message; starts the process where there is none."""
        if self._connection is None:
            self._start()
        assert self._connection is not None
        try:
            self._connection.send(message)
        except OSError:
            self._raise_crash(None)

    def answer(self, silence: float | None = None) -> Any:
        """The answer to what was asked. Raises Died; the next question starts a new process."""
        assert self._connection is not None
        during: range | None = None
        while True:
            if not self._connection.poll(silence or self.silence):
                limit = silence or self.silence
                self.close()
                raise Died(self.role, Kind.HANG, f"no answer for {limit:g} s", during)
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                self._raise_crash(during)
            match message:
                case Began():
                    during = message.batch
                case Restless():
                    self.close()
                    raise Died(self.role, Kind.HANG, "never at rest", during)
                case _:
                    return message

    def _start(self) -> None:
        mine, theirs = socket.socketpair()
        subject = self.subject
        # Its sockets are in a folder that goes away with it, however it ends.
        self._folder = tempfile.TemporaryDirectory(prefix="tornkit-")
        with theirs, self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tests.engine.differential.child"),
                    *(subject.server, subject.loop, subject.family, str(theirs.fileno())),
                ],
                cwd=REPOSITORY,
                env={**os.environ, "TMPDIR": self._folder.name},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        self._connection = Connection(mine.detach())
        ready = self.answer(_START)
        if not isinstance(ready, Ready) or ready.corpus != corpus_digest():
            raise RuntimeError("the corpus is another one in another process")

    @property
    def _errors(self) -> Path:
        """What the process writes to standard error."""
        assert self._folder is not None
        return Path(self._folder.name) / "stderr"

    def _raise_crash(self, during: range | None) -> None:
        assert self._process is not None
        code = self._process.wait(timeout=10)
        said = self._errors.read_text(errors="replace").strip().splitlines()
        self.close()
        why = f"ended with code {code}: {said[-1] if said else 'said nothing'}"
        raise Died(self.role, Kind.CRASH, why, during)

    def close(self) -> None:
        """Ends the process; it has nothing to save. The next question starts another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._process is not None:
            try:
                # It ends by itself when its connection does; one that hangs does not.
                self._process.wait(timeout=2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
