"""What a server is put through: its start, all that it can be asked for, and its end.

    run = Scenario(folder, "fork"); run.start(); run.play("reload"); run.stop()

Each step says what was lost in it, and how it ended: as it should, with an error that was told of
in one line, or never (`Hangs`). It asks nothing of a step that is to fail but that whatever was
open before is answered or closed as it should be.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.clients.blocking import Client, connect
from tests.integration.server import Server

PATIENCE = 8.0  # seconds; a step that goes well takes a tenth of one
# Workers that fail one after another are started at longer and longer intervals, of at most 10 s:
# the one that was killed, and the one in its place that meets the fault.
RETRY = 2 * 10.0 + PATIENCE
APP = """\
import asyncio
import logging
import os

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

VERSION = 1
handler = logging.FileHandler(os.environ["APP_LOG"])
logging.getLogger("app").addHandler(handler)


class Main(RequestHandler):
    def get(self):
        self.write(f"{VERSION} {os.getpid()}")

    def post(self):
        self.write(f"{VERSION} {len(self.request.body)}")


class Slow(RequestHandler):
    async def get(self):
        await asyncio.sleep(float(self.get_argument("seconds", "0.2")))
        self.write(f"{VERSION} slow")


class Big(RequestHandler):
    def get(self):
        self.write("x" * 6_000_000)


class Log(RequestHandler):
    def get(self):
        logging.getLogger("app").warning("asked")
        self.write(f"{VERSION} logged")


class Page(RequestHandler):
    def get(self):
        self.render("page.html")


class Detaching(RequestHandler):
    async def get(self):
        stream = self.detach()
        await stream.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 8\\r\\n\\r\\ndetached")
        stream.close()


class Echo(WebSocketHandler):
    def on_message(self, message):
        self.write_message(message)


def make_app():
    return Application(
        [("/", Main), ("/slow", Slow), ("/big", Big), ("/log", Log), ("/page", Page)]
        + [("/detach", Detaching), ("/echo", Echo)],
        template_path=os.path.dirname(__file__),
        static_path=os.path.dirname(__file__),
    )
"""
PROGRAM = (
    APP
    + """

async def main():
    make_app().listen(int(os.environ["APP_PORT"]), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""
)


class Hangs(Exception):
    """What was waited for never came."""


class Ended(Exception):
    """The server ended where it should not have."""


def wait_for(condition: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    """Until it is true.

    :raises Hangs:
    """
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise Hangs(what)
        time.sleep(0.005)


class WebSocket:
    """As little of RFC 6455 as the scenario needs."""

    def __init__(self, client: Client) -> None:
        self._client = client
        client.sock.settimeout(PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        client.send_request(
            "/echo",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        )
        head = client.read_through(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 101 "), head

    def say(self, text: str) -> None:
        mask = b"\0\0\0\0"
        self._client.send(bytes([0x81, 0x80 | len(text)]) + mask + text.encode())

    def frame(self) -> tuple[int, bytes]:
        """Opcode and payload of the next frame."""
        first, length = self._client.read(2)
        return first & 0x0F, self._client.read(length & 0x7F)

    def echoes(self) -> bool:
        self.say("hello")
        return self.frame() == (1, b"hello")

    def close_code(self) -> int:
        """Of the close frame that comes, 0 where the connection just ends."""
        try:
            opcode, payload = self.frame()
        except (OSError, EOFError):
            return 0
        return int.from_bytes(payload[:2], "big") if opcode == 8 else -1

    def close(self) -> None:
        self._client.close()


CONFIGURATIONS: dict[str, tuple[str, ...]] = {
    "fork": ("--workers", "2", "--env-file", "app.env"),
    "standby": ("--workers", "2", "--preload", "standby"),
    "off": ("--preload", "off", "--unix-socket", "app.sock"),
    "program": ("--workers", "2", "app.py"),
    "tornado": ("--workers", "2", "--engine", "tornado"),
    "stop-first": ("--workers", "2", "--reload-order", "stop-first"),
}


@dataclass
class Scenario:
    """One server, and the clients that stay with it. ``lost`` is what clients missed."""

    folder: Path
    configuration: str
    environment: dict[str, str]
    before_step: Callable[[str], None] = lambda step: None
    prefix: tuple[str, ...] = ()
    lost: list[str] = field(default_factory=list)
    version: int = 1

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._offset = 0
        self._kept: list[Client] = []
        project = self.folder / "project"
        project.mkdir(exist_ok=True)
        is_program = self.configuration == "program"
        (project / "app.py").write_text(PROGRAM if is_program else APP)
        (project / "page.html").write_text("page 1")
        (project / "app.env").write_text("GREETING=hello\n")
        self.project = project

    # ---- its life ----

    def start(self, patience: float = 30.0) -> None:
        """Start it, and wait until it serves, gives up, or waits for an edit.

        :raises Ended, Hangs:
        """
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        options = CONFIGURATIONS[self.configuration]
        if self.configuration == "off":
            self.url = f"unix:{self.project / 'app.sock'}"
        else:
            self.url = f"http://127.0.0.1:{port}"
            if self.configuration != "program":
                options = ("--port", str(port), *options)
        self.before_step("boot")
        self.server = Server(
            self.project,
            self.folder / "serve.log",
            (*options, "--no-access-log", "--drain-timeout", "3", "--boot-timeout", "6"),
            {
                "APP_LOG": str(self.folder / "app.log"),
                "APP_PORT": str(port),
                **self.environment,
            },
            terminal=False,
            prefix=self.prefix,
        )
        self._wait_for_log(r"Ctrl-C stops|save a file to retry", patience)
        if "Ctrl-C stops" not in self.server.log:
            raise Hangs("boot")  # it waits for an edit; the driver goes on with one

    def mend(self) -> None:
        """After a start that failed in a line: one edit, and it serves."""
        self._edit()
        self._wait_for_log("Ctrl-C stops")

    def warm(self) -> None:
        """Wait for what comes behind a first start."""
        if self.configuration not in ("off",):
            with contextlib.suppress(Hangs):
                self._wait_for_log(r"warm: \d+|only Tornado is warm", patience=4)

    def new_log(self) -> str:
        """What it has said since this was asked last."""
        log = self.server.log[self._offset :]
        self._offset += len(log)
        return log

    def close(self) -> None:
        """Leave nothing of it."""
        for client in self._kept:
            client.close()
        for pid in self.server.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.server.process.wait()

    # ---- steps ----

    def play(self, step: str) -> None:
        """One step.

        :raises Ended, Hangs:
        """
        self.before_step(step)
        getattr(self, f"_{step}")()

    def _requests(self) -> None:
        self.ask("new")
        self.ask_kept("kept")
        with self._losing("post"), connect(self.url) as client:
            response = client.request(method="POST", body=b"x" * 3000)
            assert response.text.endswith(" 3000"), response.text
        with self._losing("big"), connect(self.url) as client:
            client.send_request("/big")
            time.sleep(0.05)
            assert len(client.read_response().text) == 6_000_000
        with self._losing("chunked"), connect(self.url) as client:
            client.send(
                b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"4\r\nwiki\r\n0\r\n\r\n"
            )
            assert client.read_response().text.endswith(" 4")
        with self._losing("detach"), connect(self.url) as client:
            assert client.request("/detach").text == "detached"
        with self._losing("page"), connect(self.url) as client:
            assert client.request("/page").text.startswith("page")
            assert client.request("/static/page.html").text.startswith("page")
        with self._losing("websocket"), connect(self.url) as client:
            socket_ = WebSocket(client)
            assert socket_.echoes()

    def _reload(self) -> None:
        with self._witnesses(1012):
            before = self.server.reloads
            errors = len(self.server.errors)
            self._edit()
            self._wait_until(
                lambda: self.server.reloads > before or len(self.server.errors) > errors, "reload"
            )

    def _crash(self) -> None:
        victim = self._worker()
        if victim is not None:
            os.kill(victim, signal.SIGKILL)
            self._wait_for_new_log(rf"\(pid {victim}\) was killed|error: ")
            self._wait_until(
                lambda: len(self._pids_of_workers()) >= self.workers, "a replacement", RETRY
            )

    def _grow(self) -> None:
        self.server.signal(signal.SIGTTIN)
        self._wait_for_new_log(r"\d workers? from now on|error: ")
        self._settled()

    def _shrink(self) -> None:
        self._drop_ended()  # those of a worker that was killed
        before = self.server.log.count("from now on")
        self.server.signal(signal.SIGTTOU)
        self._wait_until(lambda: self.server.log.count("from now on") > before, "fewer", 2.0)
        for _ in range(6):
            self.ask("after shrinking")
        self.ask_kept("kept after shrinking")

    def _status(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self.server.status()

    def _logs(self) -> None:
        self.ask("log", "/log")
        (self.folder / "app.log").rename(self.folder / "app.log.1")
        self.server.signal(signal.SIGUSR1)
        self._settled()
        for _ in range(3):
            self.ask("log", "/log")

    def _refresh(self) -> None:
        self.server.write("page.html", f"page {time.monotonic()}")
        time.sleep(0.1)
        self.ask("page", "/page")

    def _stacks(self) -> None:
        self.server.signal(signal.SIGUSR2)
        self._settled()

    def _broken(self) -> None:
        errors = len(self.server.errors)
        source = (self.project / "app.py").read_text()
        self.server.write("app.py", source + "\ndef wrong(\n")
        self._wait_until(lambda: len(self.server.errors) > errors, "an error")
        self.ask("while the file is broken")
        before, errors = self.server.reloads, len(self.server.errors)
        self.server.write("app.py", source)
        self._wait_until(
            lambda: self.server.reloads > before or len(self.server.errors) > errors, "mended"
        )

    def _zygote(self) -> None:
        """It dies; the next generation comes from another."""
        for pid in self._pids_with("tornkit.serve.zygote.zygote"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
        self._reload()

    def _stop(self) -> None:
        with self._witnesses(1001, kept=False):
            self.server.signal(signal.SIGINT, group=True)
            time.sleep(0.02)
        wait_for(lambda: self.server.process.poll() is not None, "the end")

    # ---- parts ----

    @property
    def workers(self) -> int:
        """How many it starts with."""
        return 2 if "--workers" in CONFIGURATIONS[self.configuration] else 1

    def ask(self, what: str, path: str = "/") -> str:
        """One request on a new connection."""
        with self._losing(what), connect(self.url) as client:
            client.sock.settimeout(PATIENCE)
            response = client.request(path, "Connection: close")
            assert response.status == 200, f"status {response.status}"
            return response.text
        return ""  # type: ignore[unreachable]  # it was lost

    def ask_kept(self, what: str) -> None:
        """One request on each connection that is kept.

        One that was closed while it waited is opened anew, as a browser would.
        """
        while len(self._kept) < 4:
            with self._losing(f"{what} (new)"):
                client = connect(self.url)
                self._kept.append(client)
                assert client.request().status == 200
                continue
            break  # type: ignore[unreachable]  # it was lost
        for client in tuple(self._kept):
            with self._losing(what):
                try:
                    assert client.request().status == 200
                    continue
                except Exception:
                    self._kept.remove(client)
                    client.close()
                    raise

    def verify(self, patience: float = 1.0) -> None:
        """After a fault: it serves, and what is saved is served."""
        for _ in range(4):
            self.ask("afterwards")
        self._drop_ended()
        self.ask_kept("kept, afterwards")
        self._wait_until(self._serves_newest, "the newest code is served", patience)

    def _serves_newest(self) -> bool:
        with contextlib.suppress(OSError, EOFError), connect(self.url) as client:
            text = client.request("/", "Connection: close").text
            return text.startswith(f"{self.version} ")
        return False

    def recover(self) -> None:
        """Another save, after a reload that could not be."""
        before = self.server.reloads
        self._edit()
        self._wait_until(lambda: self.server.reloads > before, "another save is served")

    def _edit(self) -> None:
        before, self.version = self.version, self.version + 1
        self.server.edit("app.py", f"VERSION = {before}\n", f"VERSION = {self.version}\n")

    @contextlib.contextmanager
    def _witnesses(self, code: int, *, kept: bool = True) -> Iterator[None]:
        """Connections in every state: what becomes of each while something happens."""
        with contextlib.ExitStack() as stack:
            busy: list[Client] = []
            sockets: list[WebSocket] = []
            with self._losing("witness"):
                if kept:
                    self.ask_kept("before")
                for _ in range(4):
                    client = stack.enter_context(connect(self.url))
                    client.sock.settimeout(PATIENCE)
                    client.send_request("/slow")
                    busy.append(client)
                for _ in range(2):
                    sockets.append(WebSocket(stack.enter_context(connect(self.url))))
                time.sleep(0.02)  # they have arrived
            reloads = self.server.reloads
            yield
            for client in busy:
                with self._losing("in flight"):
                    assert client.read_response().text.endswith("slow")
            closes = code == 1001 or self.server.reloads > reloads
            for socket_ in sockets:
                with self._losing("websocket"):
                    if closes:
                        found = socket_.close_code()
                        assert found == code, f"closed with {found}"
                    else:
                        assert socket_.echoes(), "echoes no more"
            if kept:
                if dropped := self._drop_ended():
                    self.lost.append(f"{dropped} idle connections closed")
                self.ask_kept("kept")

    @contextlib.contextmanager
    def _losing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, EOFError, AssertionError, ValueError) as error:
            self.lost.append(f"{what}: {type(error).__name__} {error}"[:120])

    def _drop_ended(self) -> int:
        """Forget connections that the server has closed; how many."""
        ended = [client for client in self._kept if _ended(client)]
        for client in ended:
            self._kept.remove(client)
            client.close()
        return len(ended)

    def _settled(self) -> None:
        time.sleep(0.15)

    def _wait_until(
        self, condition: Callable[[], object], what: str, patience: float = PATIENCE
    ) -> None:
        def met() -> bool:
            if condition():
                return True
            if self.server.process.poll() is not None:
                raise Ended(f"exit code {self.server.process.returncode}")
            return False

        wait_for(met, what, patience)

    def _wait_for_log(self, pattern: str, patience: float = PATIENCE) -> None:
        self._wait_until(lambda: re.search(pattern, self.server.log), pattern, patience)

    def _wait_for_new_log(self, pattern: str) -> None:
        start = self._offset
        self._wait_until(lambda: re.search(pattern, self.server.log[start:]), pattern)

    def _worker(self) -> int | None:
        with contextlib.suppress(OSError, ValueError, IndexError, AssertionError):
            return int(self.ask("whom").split()[1])
        return None

    def _pids_of_workers(self) -> set[int]:
        with contextlib.suppress(OSError, ValueError):
            rows = self.server.status()["workers"]
            return {row["pid"] for row in rows if row["state"] == "serving"}
        return set(range(self.workers))

    def _pids_with(self, word: str) -> list[int]:
        found = []
        for pid in self.server.pids():
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
                parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
                if word.encode() in command and int(parent) == self.server.process.pid:
                    found.append(pid)
        return found


def _ended(client: Client) -> bool:
    """Whether the server has closed a connection on which nothing is asked."""
    client.sock.setblocking(False)
    try:
        return client.sock.recv(1, socket.MSG_PEEK) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True
    finally:
        client.sock.settimeout(PATIENCE)


def is_local(url: str) -> bool:
    return urlsplit(url).hostname == "127.0.0.1"
