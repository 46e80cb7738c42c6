"""One worker's life, spoken to as the supervisor does: forks of one zygote, with real sockets."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import signal
import socket
import textwrap
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import pytest

import tornkit
from tests.serve.stories.worker import in_one_process
from tests.serve.zygote.test_zygote import Zygote, wait_for_input
from tornkit import linux
from tornkit.appload.target import Kind, Serves, Target
from tornkit.serve.config import ServeConfig
from tornkit.serve.warm_imports import warm_modules
from tornkit.serve.wire.channel import Channel, ChannelClosed
from tornkit.serve.wire.heartbeat import Heartbeat
from tornkit.serve.wire.messages import (
    Adopt,
    Boot,
    Claim,
    Closed,
    Differs,
    Drain,
    Exited,
    Failed,
    Go,
    Grant,
    Learned,
    Lesson,
    Loaded,
    Message,
    Offer,
    Ready,
    Refresh,
)
from tornkit.serve.wire.orders import Orders, application_claim
from tornkit.serve.worker.failure_report import tell
from tornkit.serve.worker.worker import Worker

pytestmark = pytest.mark.timeout(30)

PATIENCE = 20.0
GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
HEAD = """\
import os, sys, time
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

class Page(RequestHandler):
    def get(self):
        self.write("served")

"""
APP = "app = Application([('/', Page)])\n"
Kind_ = TypeVar("Kind_", bound=Message)


class Forks(Zygote):
    """A zygote that forks one worker after another, and tells how each has ended."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(environment)
        self._exits: dict[int, int] = {}

    def answer(self) -> Message:
        while isinstance(said := super().answer(), Exited):
            self._exits[said.pid] = said.status
        return said

    def status_of(self, pid: int) -> int:
        while pid not in self._exits:
            said = super().answer()
            assert isinstance(said, Exited)
            self._exits[said.pid] = said.status
        return self._exits[pid]


@pytest.fixture(scope="module")
def zygote() -> Iterator[Forks]:
    root = str(Path(tornkit.__file__).parents[1])
    made = Forks({**os.environ, "PYTHONPATH": root})
    yield made
    made.close()


class Life:
    """One worker, as its supervisor sees it."""

    def __init__(
        self,
        zygote: Forks,
        orders: Orders,
        lesson: Lesson,
        offered: Mapping[Claim, socket.socket],
    ) -> None:
        self._zygote = zygote
        (self.pid,) = zygote.fork(stale=True)
        self.channel = zygote.workers.pop()
        self.heartbeat = Heartbeat.create()
        self._heard: deque[Message] = deque()
        self.channel.send(orders.message())
        boot = Boot(0, 1, lesson, offers=tuple(Offer(claim, 1) for claim in offered))
        descriptors = [sock.fileno() for sock in offered.values()]
        self.channel.send(boot, [self.heartbeat.descriptor, *descriptors])

    def says(self, *messages: Message, descriptors: tuple[int, ...] = ()) -> None:
        for message in messages:
            self.channel.send(message, descriptors)

    def next(self) -> Message:
        """The next message from it."""
        if not self._heard:
            wait_for_input(self.channel)
            self._heard.extend(message for message, _ in self.channel.receive_ready())
        return self._heard.popleft()

    def hears(self, kind: type[Kind_]) -> Kind_:
        """The next message from it, which is of this kind."""
        message = self.next()
        assert isinstance(message, kind), message
        return message

    def has_said(self) -> bool:
        return bool(self._heard or select.select([self.channel], [], [], 0)[0])

    def grants(self, sock: socket.socket) -> Claim:
        """Grant what it claims next."""
        claim = self.hears(Claim)
        self.says(Grant(), descriptors=(sock.fileno(),))
        return claim

    def status(self) -> int:
        """The exit status; it has said no other word."""
        status = self._zygote.status_of(self.pid)
        if self.channel.fileno() != -1:
            assert not self._heard
            with pytest.raises(ChannelClosed):
                pytest.fail(f"it has said {self.channel.receive_ready()}")
        return status

    def end(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._zygote.status_of(self.pid)
        self.channel.close()
        self.heartbeat.close()


@pytest.fixture
def live(zygote: Forks, tmp_path: Path) -> Iterator[Callable[..., Life]]:
    """``live(code)``: start a worker for an application of this code, or a program."""
    lives: list[Life] = []

    def live(
        code: str,
        *,
        program: bool = False,
        attribute: str | None = "app",
        lesson: Lesson | None = None,
        folder: str | None = None,
        offered: Mapping[Claim, socket.socket] | None = None,
        **config: Any,
    ) -> Life:
        path = tmp_path / "web.py"
        path.write_text(HEAD + textwrap.dedent(code))
        target = Target(
            Kind.PROGRAM if program else Kind.APPLICATION,
            "web.py",
            str(tmp_path),
            str(tmp_path),
            module=None if program else "web",
            path=str(path),
            attribute=None if program else attribute,
        )
        orders = replace(Orders.of(target, ServeConfig(**config)), folder=folder or str(tmp_path))
        lives.append(Life(zygote, orders, lesson or Lesson(), offered or {}))
        return lives[-1]

    yield live
    for each in lives:
        each.end()


Live = Callable[..., Life]


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        yield sock


def asking(listening: socket.socket) -> socket.socket:
    client = socket.create_connection(listening.getsockname(), PATIENCE)
    client.sendall(GET)
    return client


def answer(client: socket.socket) -> bytes:
    """The rest of what a client is sent, until the connection is closed."""
    found = b""
    with client:
        while piece := client.recv(65536):
            found += piece
    return found


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


# ---- an application ----


def test_an_application_from_its_first_message_to_its_end(
    live: Live, listening: socket.socket, tmp_path: Path
) -> None:
    worker = live(APP, port=8889, address="127.0.0.1")
    claim = worker.grants(listening)
    assert (claim.port, claim.address) == (8889, "127.0.0.1")
    ready = worker.hears(Ready)
    assert ready.files == (str(tmp_path.resolve() / "web.py"),)
    client = asking(listening)
    assert not select.select([client], [], [], 0.02)[0], "it accepts only when it is told to"
    worker.says(Go())
    assert b"served" in answer(client)
    until(lambda: worker.heartbeat.read().beat)
    worker.says(Drain(1.0, successor=False))
    worker.hears(Closed)
    assert worker.status() == 0


def sockets_of(pid: int) -> set[str]:
    """The sockets that a process has open, by their inodes."""
    links = (str(each.readlink()) for each in Path(f"/proc/{pid}/fd").iterdir())
    return {each for each in links if each.startswith("socket:")}


def name_of(sock: socket.socket) -> str:
    return str(Path(f"/proc/self/fd/{sock.fileno()}").readlink())


@pytest.mark.skipif(not linux.USED, reason="looks by way of /proc")
def test_sockets_that_were_offered(live: Live, listening: socket.socket) -> None:
    """What it claims of them it has, and says so with `Ready`; the rest it closes."""
    claim = application_claim(8889, "127.0.0.1", None)
    with socket.create_server(("127.0.0.1", 0)) as unwanted:
        offers = {Claim(port=1): unwanted, replace(claim, backlog=7): listening}
        worker = live(APP, port=8889, address="127.0.0.1", offered=offers)
        assert worker.hears(Ready).claims == (claim,)
        client = asking(listening)
        worker.says(Go())
        assert b"served" in answer(client)
        assert name_of(listening) in sockets_of(worker.pid)
        assert name_of(unwanted) not in sockets_of(worker.pid)


def test_what_was_not_offered_is_claimed(live: Live, listening: socket.socket) -> None:
    code = """
        import asyncio
        async def main():
            Application([("/", Page)]).listen(8001, "127.0.0.1")
            Application([("/", Page)]).listen(8002, "127.0.0.1")
            await asyncio.Event().wait()
        asyncio.run(main())
    """
    known = Claim(port=8001, address="127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as other:
        worker = live(code, program=True, offered={known: listening})
        assert worker.grants(other).port == 8002
        assert [claim.port for claim in worker.hears(Ready).claims] == [8001]
        clients = [asking(listening), asking(other)]
        worker.says(Go())
        assert all(b"served" in answer(client) for client in clients)


@pytest.mark.skipif(not linux.USED, reason="looks by way of /proc")
def test_a_child_that_the_program_forks_has_none_of_them(
    live: Live, listening: socket.socket, tmp_path: Path
) -> None:
    """It would hold a port for as long as it lives, which without tornkit it has never had."""
    code = """
        if (child := os.fork()) == 0:
            time.sleep(60)
        open("child", "w").write(f"{child} ")
    """
    claim = application_claim(8889, "127.0.0.1", None)
    worker = live(code + APP, port=8889, address="127.0.0.1", offered={claim: listening})
    worker.hears(Ready)
    child = int((tmp_path / "child").read_text())
    try:
        assert name_of(listening) in sockets_of(worker.pid)
        assert name_of(listening) not in sockets_of(child)
    finally:
        os.kill(child, signal.SIGKILL)


def test_what_it_is_told_while_it_loads_waits(live: Live, listening: socket.socket) -> None:
    """No loop is there yet to act on it."""
    worker = live("time.sleep(0.02)\n" + APP)
    worker.says(Refresh(), Go(), Drain(1.0, successor=False))
    worker.grants(listening)
    worker.hears(Ready)
    worker.hears(Closed)
    assert worker.status() == 0


def test_a_connection_of_another_worker(live: Live, listening: socket.socket) -> None:
    worker = live(APP)
    worker.grants(listening)
    worker.hears(Ready)
    client = socket.create_connection(listening.getsockname(), PATIENCE)
    accepted, _ = listening.accept()
    with accepted:
        worker.says(Adopt(GET[:10]), descriptors=(accepted.fileno(),))
    client.sendall(GET[10:])
    assert not select.select([client], [], [], 0.02)[0], "the other one may still answer as of old"
    worker.says(Go())
    assert b"served" in answer(client)


def test_an_application_that_has_another_server(live: Live, listening: socket.socket) -> None:
    """``--port`` is the application's, not that of what it serves by itself: metrics, say."""
    worker = live("Application([('/', Page)]).listen(8890)\n" + APP, port=8889)
    assert worker.grants(listening).port == 8890
    assert worker.grants(listening).port == 8889
    worker.hears(Ready)


def test_it_is_not_ready_before_its_application_is_made(
    live: Live, listening: socket.socket
) -> None:
    """Whatever listens by itself meanwhile: the one before it serves on where this one fails."""
    worker = live(
        """
        import asyncio
        Application([("/", Page)]).listen(8890)
        async def make_app():
            await asyncio.sleep(0.02)
            raise ValueError("no database")
        """,
        attribute="make_app",
    )
    worker.grants(listening)
    assert "no database" in worker.hears(Failed).message
    assert worker.status() == 1


def test_one_that_stops_its_loop_before_it_serves_is_not_ready(
    live: Live, listening: socket.socket
) -> None:
    """Its loop turns once more when it is closed."""
    worker = live(
        """
        loop = IOLoop.current()
        loop.add_callback(loop.stop)
        async def make_app():
            return Application([("/", Page)])
        """,
        attribute="make_app",
    )
    worker.grants(listening)
    assert worker.hears(Failed).message == "web.py stopped its loop at once"
    assert worker.status() == 1


def test_what_it_imports_later_is_told(
    live: Live, listening: socket.socket, tmp_path: Path
) -> None:
    (tmp_path / "later.py").write_text("")
    worker = live(
        """
        class Late(RequestHandler):
            def get(self):
                import later
        app = Application([("/", Late)])
        """
    )
    worker.grants(listening)
    assert len(worker.hears(Ready).files) == 1
    worker.says(Go())
    answer(asking(listening))
    loaded = worker.hears(Loaded)
    assert loaded.names.keys() == {"web", "later"}
    assert loaded.sources.keys() == {str(tmp_path / name) for name in ("web.py", "later.py")}


@pytest.mark.parametrize("has_it", [True, False])
def test_the_current_folder(
    live: Live, listening: socket.socket, tmp_path: Path, has_it: bool
) -> None:
    """The folder is found by its name: another may have that by now, or none."""
    folder = tmp_path / "current"
    if has_it:
        folder.mkdir()
    worker = live(APP + "open(os.path.dirname(__file__) + '/cwd', 'w').write(os.getcwd())\n",
                  folder=str(folder))  # fmt: skip
    worker.grants(listening)
    worker.hears(Ready)
    found = (tmp_path / "cwd").read_text()
    assert (found == str(folder.resolve())) is has_it


class TestFailures:
    def test_its_address_is_not_to_be_had(self, live: Live) -> None:
        worker = live(APP)
        worker.hears(Claim)
        worker.says(Grant(errno.EADDRINUSE, "port 8888 is taken"))
        failed = worker.hears(Failed)
        assert (failed.kind, failed.message) == ("BindError", "port 8888 is taken")
        assert worker.status() == 1

    def test_no_room_for_the_descriptor_of_its_address(self, live: Live) -> None:
        worker = live(APP)
        worker.hears(Claim)
        worker.says(Grant())
        failed = worker.hears(Failed)
        assert failed.kind == "BindError"
        assert failed.message.startswith("no descriptor left to listen; ")
        assert worker.status() == 1

    @pytest.mark.parametrize(
        ("code", "message"),
        [
            ("1 / 0", "importing web failed: ZeroDivisionError: division by zero"),
            ("def app():\n    1 / 0", "calling web.py failed: ZeroDivisionError: division by zero"),
            ("sys.exit('no db')", "importing web failed: it called sys.exit('no db')"),
            # Not from a terminal.
            ("raise KeyboardInterrupt", "web.py raised KeyboardInterrupt"),
        ],
    )
    def test_the_application_raises(self, live: Live, code: str, message: str) -> None:
        worker = live(code)
        failed = worker.hears(Failed)
        assert (failed.kind, failed.message) == ("AppRaised", message)
        assert failed.traceback
        assert worker.status() == 1

    def test_there_is_none(self, live: Live) -> None:
        worker = live("", attribute="nothing")
        assert worker.hears(Failed).kind == "NoSuchAttribute"
        assert worker.status() == 1

    @pytest.mark.parametrize("when", ["claims", "serves"])
    def test_the_supervisor_is_gone(self, live: Live, listening: socket.socket, when: str) -> None:
        """The owner of the sockets is gone with it."""
        worker = live(APP)
        if when == "claims":
            worker.hears(Claim)
        else:
            worker.grants(listening)
            worker.hears(Ready)
            worker.says(Go())
        worker.channel.close()
        assert worker.status() == 1

    def test_its_loop_is_stopped_by_the_application(
        self, live: Live, listening: socket.socket
    ) -> None:
        """A stopped loop ends a program of Tornado's as well."""
        worker = live(
            """
            class Stops(RequestHandler):
                def get(self):
                    IOLoop.current().stop()
            app = Application([("/", Stops)])
            """
        )
        worker.grants(listening)
        worker.hears(Ready)
        worker.says(Go())
        asking(listening).close()
        assert worker.status() == 0


class TestServesByItself:
    """A file that was taken for an application."""

    def test_at_the_port_that_the_supervisor_has_for_it(self, live: Live) -> None:
        worker = live("Application([('/', Page)]).listen(8888)\nIOLoop.current().start()\n")
        assert worker.hears(Claim).port == 8888
        worker.says(Grant(errno.EADDRINUSE, "port 8888 is taken"))
        assert worker.hears(Learned).lesson.serves == Serves.IMPORTED.value

    def test_when_it_is_called(self, live: Live) -> None:
        worker = live(
            "def app():\n"
            "    Application([('/', Page)]).listen(8888)\n"
            "    IOLoop.current().start()\n"
        )
        worker.hears(Claim)
        worker.says(Grant(errno.EADDRINUSE, "port 8888 is taken"))
        assert worker.hears(Learned).lesson.serves == Serves.CALLED.value

    @pytest.mark.parametrize(("port", "number"), [(8889, errno.EADDRINUSE), (8888, errno.EACCES)])
    def test_elsewhere_a_refusal_is_a_refusal(self, live: Live, port: int, number: int) -> None:
        worker = live(f"Application([('/', Page)]).listen({port})\n")
        worker.hears(Claim)
        worker.says(Grant(number, "refused"))
        assert worker.hears(Failed).message.endswith(": refused")
        assert worker.status() == 1

    def test_once_that_is_known_it_is_run(self, live: Live, listening: socket.socket) -> None:
        code = "Application([('/', Page)]).listen(8888)\nIOLoop.current().start()\n"
        worker = live(code, lesson=Lesson(serves=Serves.IMPORTED.value))
        worker.grants(listening)
        worker.hears(Ready)
        worker.says(Go())
        assert b"served" in answer(asking(listening))


# ---- a program ----

PROGRAM = "Application([('/', Page)]).listen(8888)\n"


def test_a_program_from_its_first_message_to_its_end(
    live: Live, listening: socket.socket, tmp_path: Path
) -> None:
    code = (
        PROGRAM + "try:\n    IOLoop.current().start()\nfinally:\n    open('ended', 'w').close()\n"
    )
    worker = live(code, program=True)
    assert worker.grants(listening).port == 8888
    worker.hears(Ready)
    worker.says(Go())
    assert b"served" in answer(asking(listening))
    worker.says(Drain(1.0, successor=False))
    worker.hears(Closed)
    assert worker.status() == 0
    assert (tmp_path / "ended").exists(), "it has cleaned up"


def test_it_is_ready_once_it_has_listened_on_all(live: Live, listening: socket.socket) -> None:
    """Its loop turns a few times between, and no more."""
    worker = live(
        """
        import asyncio
        async def main():
            Application([("/", Page)]).listen(8888)
            await asyncio.sleep(0)
            Application([("/", Page)]).listen(8889)
            await asyncio.Event().wait()
        asyncio.run(main())
        """,
        program=True,
    )
    assert worker.grants(listening).port == 8888
    assert worker.grants(listening).port == 8889
    worker.hears(Ready)
    assert not worker.has_said()


def test_it_is_ready_once_its_loop_runs(live: Live, listening: socket.socket) -> None:
    """The code behind ``listen()`` may fail."""
    worker = live(PROGRAM + "raise ValueError('no db')\n", program=True)
    worker.grants(listening)
    failed = worker.hears(Failed)
    assert failed.message == "running web.py failed: ValueError: no db"
    assert worker.status() == 1


def test_a_program_that_exits_with_a_status(live: Live, listening: socket.socket) -> None:
    worker = live(PROGRAM + "IOLoop.current().start()\nsys.exit(3)\n", program=True)
    worker.grants(listening)
    worker.hears(Ready)
    worker.says(Go(), Drain(1.0, successor=False))
    worker.hears(Closed)
    assert worker.status() == 0, "it was interrupted, and told to end"


def test_a_program_that_never_listens(live: Live) -> None:
    worker = live("pass", program=True)
    assert worker.hears(Failed).message == "web.py never listened: it ended first"
    assert worker.status() == 1


def test_a_process_that_a_program_forks_by_itself(
    live: Live, listening: socket.socket, tmp_path: Path
) -> None:
    """It can't listen: its claims would be the worker's."""
    worker = live(
        """
        if os.fork() == 0:
            try:
                Application().listen(8888)
            except OSError as error:
                with open("said", "w") as file:
                    file.write(str(error))
            os._exit(0)
        os.wait()
        Application([("/", Page)]).listen(8888)
        IOLoop.current().start()
        """,
        program=True,
    )
    worker.grants(listening)
    worker.hears(Ready)
    assert "a process that the program forks can't listen" in (tmp_path / "said").read_text()


# ---- by itself ----


@pytest.fixture
def orders() -> Orders:
    target = Target(Kind.APPLICATION, "app:app", "/x", "/x", module="app", attribute="app")
    # Without what it would change in Tornado for all tests that follow.
    return Orders.of(target, ServeConfig(engine="tornado", dev_tools=False))


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    """A worker's end of a channel, and its supervisor's."""
    one, other = socket.socketpair()
    ours, theirs = Channel(one), Channel(other)
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def worker(orders: Orders, ends: tuple[Channel, Channel]) -> Iterator[Worker]:
    with in_one_process():
        yield Worker(orders, ends[0])


def test_a_last_word_that_reaches_no_supervisor(ends: tuple[Channel, Channel]) -> None:
    ours, theirs = ends
    tell(ours, Failed("AppRaised", "no db"))
    assert theirs.receive()[0] == Failed("AppRaised", "no db")
    theirs.close()
    tell(ours, Failed("AppRaised", "no db"))


class TestSpoilt:
    """A module in C is not as the program would import it, and can't be loaded twice."""

    @pytest.fixture
    def begun(self, worker: Worker, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Attempts to put a fresh interpreter in its place; here each fails."""
        begun: list[str] = []

        def begin() -> None:
            begun.append("begun")
            raise OSError(errno.EMFILE, "Too many open files")

        monkeypatch.setattr(warm_modules, "current", warm_modules.WarmModules())
        worker.may_reexecute(begin, [])
        return begun

    def test_it_begins_anew(self, worker: Worker, begun: list[str]) -> None:
        """It goes on with what is warm where the system has no descriptor for that."""
        warm_modules.current.on_spoilt()
        assert begun == ["begun"]

    @pytest.mark.parametrize("when", ["ready", "told to end", "in a child"])
    def test_not_any_more(
        self, worker: Worker, begun: list[str], monkeypatch: pytest.MonkeyPatch, when: str
    ) -> None:
        if when == "ready":
            monkeypatch.setattr(worker, "_ready", True)
        elif when == "told to end":
            monkeypatch.setattr(worker, "_told_to_end", True)
        else:
            monkeypatch.setattr(os, "getpid", lambda: 1)
        warm_modules.current.on_spoilt()
        assert begun == []

    def test_what_can_not_be_used_is_told(
        self, worker: Worker, begun: list[str], ends: tuple[Channel, Channel]
    ) -> None:
        warm_modules.current.on_refused({"numpy": "depends on the variable X"})
        assert ends[1].receive()[0] == Differs({"numpy": "depends on the variable X"})


def test_what_is_known_goes_into_its_orders(
    worker: Worker, ends: tuple[Channel, Channel], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program claims by itself, and its ports are watched for other protocols."""
    ran: list[Target] = []
    place = "tornkit.serve.worker.worker."
    monkeypatch.setattr(f"{place}run_until_it_ends", lambda target, is_ready: ran.append(target))
    monkeypatch.setattr(f"{place}end_threads", lambda loops, status: None)
    monkeypatch.chdir(os.getcwd())  # noqa: PTH109 - it goes where its orders say
    worker.boot(Boot(0, 1, Lesson(serves=Serves.CALLED.value, not_http=(81,))))
    assert worker.live(0, Heartbeat.create()) == 0
    assert [target.kind for target in ran] == [Kind.PROGRAM]
    placeholder = worker._listening._placeholder
    assert placeholder is not None
    placeholder.close()
