"""Runs the real `tornkit serve` in a folder of its own and watches what it does.

    serve({"app.py": SOURCE}, "--workers", "2")  ->  Server: its url, log, processes; edit, stop

A test waits for what it needs to a deadline (`Server.wait_for`, `wait_for_log`) and sleeps for
nothing. Every process that a server starts carries a mark in its environment, so that one which
lost its parent is found as well. Whatever still runs at the end of a test is stopped as Ctrl-C
would, and has to leave neither a process nor a port behind. Logs are printed: pytest shows them
with a failure.
"""

from __future__ import annotations

import http.client
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest

import tornkit
from tornkit.serve.control import control_folder

# Long, for a machine that is busy; nothing waits for so long unless it has gone wrong.
PATIENCE = 20.0
_POLL = 0.01

_MARK = "INTEGRATION_TEST_MARK"
_IMPORTABLE_FROM = str(Path(tornkit.__file__).parents[1])
# What would change how a server behaves or looks, and is not the test's doing.
_NOT_INHERITED = re.compile(
    r"PYTEST_|TORNKIT_|WATCHFILES_|PYTHON(?!HOME)|NO_COLOR$|FORCE_COLOR$|CLICOLOR|TTY_|COLUMNS$"
)
# Makes the terminal that is its standard input the controlling one, so that Ctrl-C is a signal.
_IN_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])"
)

T = TypeVar("T")


def wait_for(condition: Callable[[], T | None], what: str, patience: float = PATIENCE) -> T:
    """The first true value of ``condition``; fails with ``what`` once patience is over."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"after {patience:g} s still not: {what}")
        time.sleep(_POLL)


# ---- a client ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Response:
    """An HTTP response, read to its end."""

    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        return json.loads(self.text)


class Client:
    """One connection. Fails on a reset, on an early end, and on silence."""

    def __init__(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        self.sock = sock

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.sock.close()

    def request(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> Response:
        """Send a request and read its response."""
        self.send_request(path, method=method, headers=headers, body=body)
        return self.read_response()

    def send_request(
        self,
        path: str = "/",
        *,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        body: str | None = None,
    ) -> None:
        lines = {"Host": "localhost", **(headers or {})}
        if body is not None:
            lines["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.send(f"{method} {path} HTTP/1.1\r\n{head}\r\n{body or ''}".encode("latin-1"))

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def read_response(self) -> Response:
        with http.client.HTTPResponse(self.sock) as response:
            response.begin()
            text = response.read().decode()
            headers = {name.lower(): value for name, value in response.getheaders()}
            return Response(response.status, headers, text)

    def read_until(self, end: bytes) -> bytes:
        """What arrives up to and with ``end``, byte by byte."""
        received = b""
        while not received.endswith(end):
            byte = self.sock.recv(1)
            assert byte, f"the connection ended after {received!r}"
            received += byte
        return received


def connect(url: str) -> Client:
    """Open a connection to ``http://…``, ``https://…`` (any certificate) or ``unix:…``."""
    if url.startswith("unix:"):
        sock = socket.socket(socket.AF_UNIX)
        sock.connect(url.removeprefix("unix:"))
        return Client(sock)
    parts = urlsplit(url)
    assert parts.hostname
    assert parts.port
    sock = socket.create_connection((parts.hostname, parts.port), PATIENCE)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if parts.scheme == "https":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        sock = context.wrap_socket(sock)
    return Client(sock)


def is_free(url: str) -> bool:
    """Whether nobody listens there any more, and another server could."""
    if url.startswith("unix:"):
        return not Path(url.removeprefix("unix:")).exists()
    parts = urlsplit(url)
    assert parts.hostname
    family = socket.AF_INET6 if ":" in parts.hostname else socket.AF_INET
    with socket.socket(family) as probe:
        probe.settimeout(PATIENCE)
        if probe.connect_ex((parts.hostname, parts.port)) == 0:
            return False
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((parts.hostname, parts.port))
            probe.listen()
        except OSError:
            return False
    return True


@dataclass
class Hammer:
    """Clients in threads that ask without pause, each answer ``<version> …``.

    One keeps its connection, one opens a connection for each request. No request may fail, and
    none that is sent after an answer of version n was seen by anybody may get one below n.
    """

    url: str
    newest: int = 0
    answers: int = 0
    faults: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Hammer:
        for ask in (self._keep_asking, self._ask_anew):
            thread = threading.Thread(target=self._run, args=(ask,))
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(2 * PATIENCE)
        assert self.faults == []

    def wait_for_version(self, version: int) -> None:
        """Wait until an answer of this version, and a further answer, came."""
        wait_for(lambda: self.newest >= version or self.faults, f"an answer of version {version}")
        before = self.answers
        wait_for(lambda: self.answers > before or self.faults, "another answer")
        assert self.faults == []

    def _run(self, ask: Callable[[], None]) -> None:
        try:
            ask()
        except Exception as error:  # noqa: BLE001 - whatever a client may meet is a fault
            self.faults.append(f"{ask.__name__}: {error!r} at version {self.newest}")

    def _ask_anew(self) -> None:
        while not self._stop.is_set():
            floor = self.newest
            with connect(self.url) as client:
                self._note(client.request(headers={"Connection": "close"}), floor, "new")

    def _keep_asking(self) -> None:
        while not self._stop.is_set():
            with connect(self.url) as client:
                closing = False
                while not closing and not self._stop.is_set():
                    floor = self.newest
                    response = client.request()
                    self._note(response, floor, "kept")
                    closing = response.headers.get("connection") == "close"

    def _note(self, response: Response, floor: int, which: str) -> None:
        with self._lock:
            self.answers += 1
            version = int(response.text.split()[0]) if response.status == 200 else None
            if version is None:
                self.faults.append(f"{which}: status {response.status}")
            elif version < floor:
                self.faults.append(f"{which}: version {version} after version {floor} was seen")
            else:
                self.newest = max(self.newest, version)


# ---- a server ------------------------------------------------------------------------------


class Server:
    """One ``tornkit serve`` process, and all that it started."""

    def __init__(
        self,
        folder: Path,
        log_path: Path,
        arguments: tuple[str, ...],
        env: Mapping[str, str],
        *,
        terminal: bool,
        prefix: tuple[str, ...] = (),
    ) -> None:
        self.folder = folder
        self._log_path = log_path
        self._mark = uuid.uuid4().hex
        self._edits = 0
        self._started_at = int(time.time())
        self._terminal: int | None = None
        self._copier: threading.Thread | None = None
        self._hung_up = threading.Event()
        inherited = {
            name: value for name, value in os.environ.items() if not _NOT_INHERITED.match(name)
        }
        environment = {
            **inherited,
            "PYTHONPATH": _IMPORTABLE_FROM,
            "PYTHONUNBUFFERED": "1",
            # What it remembers of a project must neither come from here nor stay here.
            "XDG_CACHE_HOME": str(log_path.parent / "cache"),
            _MARK: self._mark,
            **env,
        }
        command = [*prefix, sys.executable, "-m", "tornkit", "serve", *arguments]
        if terminal:
            self.process = self._start_in_terminal(command, environment)
        else:
            with log_path.open("wb") as log:
                self.process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def _start_in_terminal(
        self, command: list[str], environment: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        self._terminal, theirs = pty.openpty()
        try:
            process = subprocess.Popen(
                [sys.executable, "-S", "-E", "-c", _IN_TERMINAL, *command],
                cwd=self.folder,
                env={"TERM": "xterm-256color", **environment},
                stdin=theirs,
                stdout=theirs,
                stderr=theirs,
                start_new_session=True,
            )
        finally:
            os.close(theirs)
        self._copier = threading.Thread(target=self._copy_terminal)
        self._copier.start()
        return process

    def _copy_terminal(self) -> None:
        assert self._terminal is not None
        with self._log_path.open("wb", buffering=0) as log:
            while not self._hung_up.is_set():
                if not select.select([self._terminal], [], [], _POLL)[0]:
                    continue
                try:
                    log.write(os.read(self._terminal, 65536))
                except OSError:  # nobody has the other end open
                    return

    def type(self, keys: bytes) -> None:
        """Type into its terminal."""
        assert self._terminal is not None
        os.write(self._terminal, keys)

    # ---- what it says ----

    @property
    def log(self) -> str:
        return (
            self._log_path.read_bytes().decode(errors="replace") if self._log_path.exists() else ""
        )

    def wait_for_log(self, pattern: str, *, count: int = 1) -> None:
        """Wait until the log has ``count`` matches of a pattern."""

        def there() -> bool:
            # In this order: what it said before its end is then in the log.
            ended = self.process.poll() is not None
            found = len(re.findall(pattern, self.log)) >= count
            if ended and not found:
                pytest.fail(f"it ended with {self.process.returncode} and never said {pattern!r}")
            return found

        wait_for(there, f"{count} times {pattern!r} in the log")

    def wait_for_reload(self, count: int = 1) -> None:
        """Wait until it has reloaded ``count`` times since its start."""
        self.wait_for_log(r"reloaded in \d+ ms", count=count)

    @property
    def reloads(self) -> int:
        return len(re.findall(r"reloaded in \d+ ms", self.log))

    @property
    def errors(self) -> list[str]:
        """The lines that report an error."""
        return [line for line in self.log.splitlines() if re.search(r"(^| )error: ", line)]

    @property
    def urls(self) -> list[str]:
        """From the banner; empty before there is one."""
        banner = re.search(r"^  (?:\x1b\[\d+m)?serving.*$", self.log, re.MULTILINE)
        found = re.findall(r"(?:https?://|unix:)[^\s\x1b]+", banner.group()) if banner else []
        return found if "Ctrl-C stops" in self.log else []

    @property
    def url(self) -> str:
        return self.urls[0]

    def wait_until_serving(self) -> Server:
        self.wait_for_log("Ctrl-C stops")
        return self

    # ---- what it does ----

    def connect(self, url: str | None = None) -> Client:
        return connect(url or self.url)

    def get(self, path: str = "/", *, url: str | None = None, **options: Any) -> Response:
        """One request on a connection of its own."""
        headers = {"Connection": "close", **options.pop("headers", {})}
        with self.connect(url) as client:
            return client.request(path, headers=headers, **options)

    def wait_for_answer(self, text: str, path: str = "/", **options: Any) -> Response:
        """Ask until the answer contains ``text``."""

        def ask() -> Response | None:
            response = self.get(path, **options)
            return response if text in response.text else None

        return wait_for(ask, f"{text!r} in the answer of {path}")

    def write(self, name: str, content: str) -> Path:
        """Put a file into its folder in one step, as an editor does: nobody sees half of it.

        Each edit has a second of its own: Python tells by seconds whether its bytecode is stale.
        """
        self._edits += 1
        new = self._log_path.parent / f"edit-{self._edits}"
        new.write_text(textwrap.dedent(content))
        written = self._started_at + self._edits
        os.utime(new, (written, written))
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        new.replace(path)
        return path

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace a text in one of its files."""
        before = (self.folder / name).read_text()
        assert old in before
        self.write(name, before.replace(old, new))

    # ---- its processes, its end ----

    def status(self) -> dict[str, Any]:
        """What it says of itself to `tornkit status`."""
        path = str(control_folder() / f"{self.process.pid}.sock")
        with socket.socket(socket.AF_UNIX) as sock:
            sock.settimeout(PATIENCE)
            sock.connect(path)
            with sock.makefile("rb") as answer:
                status: dict[str, Any] = json.loads(answer.read())
        return status

    def pids(self) -> set[int]:
        """Every process alive that it, or a child of it, has started; itself too."""
        if not Path("/proc/self/environ").exists():
            return self._pids_of_group()
        mark = f"{_MARK}={self._mark}".encode()
        found = set()
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                environment = (entry / "environ").read_bytes()  # empty of a process that ended
            except OSError:
                continue
            if mark in environment.split(b"\0"):
                found.add(int(entry.name))
        return found

    def _pids_of_group(self) -> set[int]:
        listing = subprocess.run(
            ["/bin/ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
        )
        rows = [line.split() for line in listing.stdout.splitlines()]
        return {
            int(pid)
            for pid, group, state in rows
            if int(group) == self.process.pid and not state.startswith("Z")
        }

    def answering_pids(self, count: int, path: str = "/pid") -> set[int]:
        """Ask, on new connections, until ``count`` processes have answered with their pid."""
        seen: set[int] = set()

        def ask() -> bool:
            seen.add(int(self.get(path).text))
            return len(seen) >= count

        wait_for(ask, f"answers of {count} processes")
        return seen

    def signal(self, number: int, *, group: bool = False) -> None:
        """Signal the supervisor, or with ``group`` all its processes, as a terminal does."""
        if group:
            os.killpg(self.process.pid, number)
        else:
            self.process.send_signal(number)

    def wait_until_ended(self, patience: float = PATIENCE) -> int:
        """Its exit code, once it has ended and nothing is left of it."""
        urls = self.urls
        wait_for(lambda: self.process.poll() is not None, "the supervisor ended", patience)
        self._assert_nothing_left()
        for url in urls:
            assert is_free(url), f"{url} is not free"
        return self.process.returncode

    def _assert_nothing_left(self) -> None:
        assert self.pids() == set(), "processes are left behind"

    def stop(self) -> int:
        """Stop it as Ctrl-C would."""
        self.signal(signal.SIGINT, group=True)
        return self.wait_until_ended()

    def close(self) -> None:
        """Stop it if it runs, and see that it ends well; leave nothing in any case."""
        try:
            if self.process.poll() is None:
                assert self.stop() == 0
            else:
                self._assert_nothing_left()
        finally:
            for pid in self.pids():
                os.kill(pid, signal.SIGKILL)
            self.process.wait()
            self._hung_up.set()
            if self._copier is not None:
                self._copier.join()
            if self._terminal is not None:
                os.close(self._terminal)
            print(f"---- log of {self.process.args!r}\n{self.log}")


class Serve:
    """Starts servers in one folder, and closes them all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        self._logs = folder
        self._servers: list[Server] = []
        self._reserved: list[socket.socket] = []

    def __call__(
        self,
        files: Mapping[str, str],
        *arguments: str | Path,
        env: Mapping[str, str] | None = None,
        port: int | None = 0,
        wait: bool = True,
        terminal: bool = False,
        prefix: tuple[str, ...] = (),
    ) -> Server:
        """Write the files and run ``tornkit serve`` with the arguments, in their folder.

        ``port``: of ``--port``, None for none. With ``wait`` it serves on return. ``prefix``: a
        command that runs it, and passes on its exit code.
        """
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(content))
        options = () if port is None else ("--port", str(port))
        server = Server(
            self.folder,
            self._logs / f"serve-{len(self._servers)}.log",
            (*options, *map(str, arguments)),
            env or {},
            terminal=terminal,
            prefix=prefix,
        )
        self._servers.append(server)
        return server.wait_until_serving() if wait else server

    def free_port(self) -> int:
        """A port that stays bound, and so nobody else's, until the test ends.

        On Linux another socket that says SO_REUSEADDR may listen there all the same.
        """
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        if sys.platform == "linux":
            self._reserved.append(sock)
        else:
            sock.close()
        return port

    def close(self) -> None:
        faults = []
        for server in self._servers:
            try:
                server.close()
            except (AssertionError, OSError, pytest.fail.Exception) as error:
                faults.append(str(error))
        for sock in self._reserved:
            sock.close()
        assert faults == []


# ---- fixtures ------------------------------------------------------------------------------


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a server: ``serve({"app.py": SOURCE}, "--workers", "2")``."""
    starter = Serve(tmp_path)
    try:
        yield starter
    finally:
        starter.close()


@pytest.fixture
def hammer() -> Callable[[str], Hammer]:
    """Clients that ask a URL without pause: ``with hammer(server.url) as clients: …``."""
    return Hammer


@pytest.fixture(name="wait_for")
def _wait_for() -> Callable[..., Any]:
    return wait_for


@pytest.fixture(scope="session")
def make_certificate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], tuple[Path, Path]]:
    """Makes self-signed certificates and their keys, each pair in a folder of its own."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl command to make a certificate with")

    def make() -> tuple[Path, Path]:
        folder = tmp_path_factory.mktemp("tls")
        certfile, keyfile = folder / "cert.pem", folder / "key.pem"
        curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
        owner = ("-days", "2", "-subj", "/CN=localhost")
        files = ("-keyout", str(keyfile), "-out", str(certfile))
        subprocess.run(
            [openssl, "req", "-x509", *curve, *owner, *files],
            check=True,
            capture_output=True,
            timeout=PATIENCE,
        )
        return certfile, keyfile

    return make


@pytest.fixture(scope="session")
def certificate(make_certificate: Callable[[], tuple[Path, Path]]) -> tuple[Path, Path]:
    """A self-signed certificate and its key."""
    return make_certificate()
