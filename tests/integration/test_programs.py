"""Scripts whose main() listens and starts the loop, run unmodified in every worker."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tornkit.serve.wire.processes import has_ended

if TYPE_CHECKING:
    from tests.integration.hammer import Hammer
    from tests.integration.serve import Serve

# Ahead of every program here. Each start and each end leaves a line in a file.
COMMON = """\
import asyncio
import os
import signal
import sys
from pathlib import Path

import tornado.options
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.netutil import bind_sockets
from tornado.options import define, options
from tornado.process import fork_processes, task_id
from tornado.web import Application, RequestHandler

HERE = Path(__file__).resolve().parent
define("port", default=0, type=int)
define("second_port", default=0, type=int)
define("greeting", default="hello")


def note(event):
    with (HERE / "events").open("a") as file:
        file.write(f"{event} {os.getpid()}\\n")


class Main(RequestHandler):
    def get(self):
        self.write(f"1 {options.greeting} of {__name__}")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


class Task(RequestHandler):
    def get(self):
        self.write(f"task {task_id()}")


class Other(RequestHandler):
    def get(self):
        self.write("the other one")


app = Application([("/", Main), ("/pid", Pid), ("/task", Task)])
other = Application([("/", Other)])

"""

ASYNCIO = """\
async def main():
    options.parse_command_line()
    app.listen(options.port, address="127.0.0.1")
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        note("finally")


if __name__ == "__main__":
    asyncio.run(main())
"""

OLD_STYLE = """\
def main():
    tornado.options.parse_command_line()
    server = HTTPServer(app)
    server.bind(options.port, address="127.0.0.1")
    server.start(2)
    try:
        IOLoop.current().start()
    finally:
        note("finally")


if __name__ == "__main__":
    main()
"""

FORKING = """\
def main():
    tornado.options.parse_command_line()
    sockets = bind_sockets(options.port, address="127.0.0.1")
    fork_processes(2)

    async def serve():
        server = HTTPServer(app)
        server.add_sockets(sockets)
        await asyncio.Event().wait()

    try:
        asyncio.run(serve())
    finally:
        note("finally")


if __name__ == "__main__":
    main()
"""

TWO_PORTS = """\
async def main():
    options.parse_command_line()
    app.listen(options.port, address="127.0.0.1")
    other.listen(options.second_port, address="127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
"""

HANDLES_SIGTERM = """\
async def main():
    options.parse_command_line()
    server = app.listen(options.port, address="127.0.0.1")
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    server.stop()
    await server.close_all_connections()
    note("sigterm")


if __name__ == "__main__":
    asyncio.run(main())
"""

HANDLES_SIGTERM_OLD_STYLE = """\
def on_signal(number, frame):
    IOLoop.current().add_callback_from_signal(shutdown)


def shutdown():
    server.stop()
    note("sigterm")
    IOLoop.current().stop()


signal.signal(signal.SIGTERM, on_signal)
signal.signal(signal.SIGINT, on_signal)
tornado.options.parse_command_line()
server = HTTPServer(app)
server.listen(options.port, address="127.0.0.1")
IOLoop.current().start()
note("after the loop")
"""

SAVES_AT_ITS_END = """\
async def save(queue):
    while (item := await queue.get()) is not None:
        await asyncio.sleep(0.01)
        note(item)


async def main():
    options.parse_command_line()
    app.listen(options.port, address="127.0.0.1")
    queue = asyncio.Queue()
    saving = asyncio.create_task(save(queue))
    try:
        await asyncio.Event().wait()
    finally:
        queue.put_nowait("saved")
        queue.put_nowait(None)
        await saving
        note("finished")


if __name__ == "__main__":
    asyncio.run(main())
"""

ENDS_ON_THE_SECOND = """\
asked = []


def on_signal(number, frame):
    asked.append(number)
    if len(asked) > 1:
        note("left at once")
        os._exit(3)
    IOLoop.current().add_callback_from_signal(IOLoop.current().call_later, 0.2, finish)


def finish():
    note("saved")
    note("finished")
    IOLoop.current().stop()


signal.signal(signal.SIGINT, on_signal)
tornado.options.parse_command_line()
app.listen(options.port, address="127.0.0.1")
IOLoop.current().start()
"""

PROGRAMS = {"asyncio": ASYNCIO, "old style": OLD_STYLE, "forking": FORKING}


def events(serve: Serve, name: str) -> list[str]:
    """The pids that have noted an event."""
    path = serve.folder / "events"
    lines = path.read_text().splitlines() if path.exists() else []
    return [line.removeprefix(name).strip() for line in lines if line.startswith(name)]


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_serves_on_its_own_port_and_reloads(
    serve: Serve, wait_for: Callable[..., Any], kind: str
) -> None:
    port = serve.free_port()
    server = serve(
        {"prog.py": COMMON + PROGRAMS[kind]},
        "prog.py",
        "--workers",
        "2",
        "--",
        f"--port={port}",
        "--greeting=welcome",
        port=None,
    )
    assert server.urls == [f"http://127.0.0.1:{port}"]
    assert server.get().text == "1 welcome of __main__"
    pids = server.answering_pids(2)
    server.edit("prog.py", "1 {options", "2 {options")
    server.wait_for_reload()
    assert server.get().text == "2 welcome of __main__"
    assert server.answering_pids(2).isdisjoint(pids)
    wait_for(lambda: set(events(serve, "finally")) == {str(pid) for pid in pids}, "finally: ran")
    assert server.stop() == 0
    assert len(set(events(serve, "finally"))) == 4
    assert "Traceback" not in server.log


@pytest.mark.parametrize("start", ["asyncio.run(main())\n", "main_loop()\n", "app.listen(0)\n"])
def test_a_program_without_a_main_guard(serve: Serve, start: str) -> None:
    """It also has an application at hand, but starts to serve when it is imported."""
    definitions, _, _ = ASYNCIO.partition("if __name__")
    definitions += "def main_loop():\n    app.listen(options.port)\n    IOLoop.current().start()\n"
    if start.startswith("app"):
        start += "IOLoop.current().start()\n"
    server = serve({"prog.py": COMMON + definitions + start}, "prog.py", "--drain-timeout", "0.1")
    assert len(server.urls) == 1
    with server.connect() as client:
        client.sock.settimeout(5)
        assert client.request().text == "1 hello of __main__"


@pytest.mark.parametrize("way", ["original(value).encode()", "'anything'"])
def test_a_program_that_puts_its_own_in_the_place_of_json_dumps(serve: Serve, way: str) -> None:
    """As orjson's, which returns bytes: what is said between processes does not pass through it."""
    own = f"import json\noriginal = json.dumps\njson.dumps = lambda value, **rest: {way}\n"
    program = COMMON + own + ASYNCIO
    server = serve({"prog.py": program}, "prog.py", "--workers", "2", "--drain-timeout", "0.1")
    assert server.get().text == "1 hello of __main__"
    server.edit("prog.py", "1 {options", "2 {options")
    server.wait_for_reload()
    assert server.get().text == "2 hello of __main__"
    assert server.errors == []


@pytest.mark.thorough
def test_tasks_are_numbered_as_after_a_fork(serve: Serve, wait_for: Callable[..., Any]) -> None:
    server = serve({"prog.py": COMMON + FORKING}, "prog.py", "--workers", "2")
    seen: set[str] = set()

    def both() -> bool:
        seen.add(server.get("/task").text)
        return len(seen) == 2

    wait_for(both, "both tasks")
    assert seen == {"task 0", "task 1"}


def test_an_edit_shows_while_clients_ask_without_pause(
    serve: Serve, hammer: Callable[[str], Hammer]
) -> None:
    server = serve({"prog.py": COMMON + ASYNCIO}, "prog.py", "--workers", "2", "--no-access-log")
    with hammer(server.url) as clients:
        clients.wait_for_version(1)
        for number in range(2, 6):
            server.edit("prog.py", f"{number - 1} {{options", f"{number} {{options")
            clients.wait_for_version(number)
    assert server.errors == []


def test_two_ports(serve: Serve) -> None:
    first, second = serve.free_port(), serve.free_port()
    ports = ("--", f"--port={first}", f"--second-port={second}")
    server = serve({"prog.py": COMMON + TWO_PORTS}, "prog.py", *ports, port=None)
    urls = [f"http://127.0.0.1:{first}", f"http://127.0.0.1:{second}"]
    assert server.urls == urls
    assert server.get(url=urls[0]).text.startswith("1 hello")
    assert server.get(url=urls[1]).text == "the other one"
    server.edit("prog.py", "the other one", "the changed one")
    server.wait_for_reload()
    assert server.get(url=urls[1]).text == "the changed one"


@pytest.mark.thorough
def test_the_port_option_overrides_the_first(serve: Serve) -> None:
    first, second, chosen = serve.free_port(), serve.free_port(), serve.free_port()
    ports = ("--", f"--port={first}", f"--second-port={second}")
    server = serve({"prog.py": COMMON + TWO_PORTS}, "prog.py", *ports, port=chosen)
    assert server.urls == [f"http://127.0.0.1:{chosen}", f"http://127.0.0.1:{second}"]
    assert server.get(url=server.urls[0]).text.startswith("1 hello")
    assert server.get(url=server.urls[1]).text == "the other one"


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("source", "number", "is_told"),
    [
        (HANDLES_SIGTERM, signal.SIGTERM, True),
        (HANDLES_SIGTERM, signal.SIGINT, False),  # to which it is a KeyboardInterrupt, as ever
        (HANDLES_SIGTERM_OLD_STYLE, signal.SIGINT, True),
    ],
)
def test_a_program_that_handles_sigterm_ends_by_it(
    serve: Serve,
    wait_for: Callable[..., Any],
    source: str,
    number: signal.Signals,
    is_told: bool,
) -> None:
    server = serve({"prog.py": COMMON + source}, "prog.py")
    (old,) = server.answering_pids(1)
    server.edit("prog.py", "1 {options", "2 {options")
    server.wait_for_reload()
    assert server.get().text.startswith("2 ")
    wait_for(lambda: events(serve, "sigterm") == [str(old)], "the handler ran on the reload")
    # A signal that comes while asyncio closes a loop is told of by Python: it has lost its pipe.
    wait_for(lambda: has_ended(old), "the old worker ended")
    (new,) = server.answering_pids(1)
    server.signal(number, group=True)
    assert server.wait_until_ended() == 0
    assert events(serve, "sigterm") == ([str(old), str(new)] if is_told else [str(old)])
    assert "did not end in time" not in server.log
    assert "Traceback" not in server.log


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("source", [SAVES_AT_ITS_END, ENDS_ON_THE_SECOND])
def test_a_program_cleans_up_as_without_tornkit(
    serve: Serve, wait_for: Callable[..., Any], source: str, loop: str
) -> None:
    """After an edit, and at a Ctrl-C, which reaches it as well as the supervisor."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    server = serve({"prog.py": COMMON + source}, "prog.py", "--loop", loop)
    (old,) = server.answering_pids(1)
    server.edit("prog.py", "1 {options", "2 {options")
    server.wait_for_reload()
    wait_for(lambda: events(serve, "finished") == [str(old)], "the old worker cleaned up")
    (new,) = server.answering_pids(1)
    server.signal(signal.SIGINT, group=True)
    assert server.wait_until_ended() == 0
    assert events(serve, "saved") == events(serve, "finished") == [str(old), str(new)]
    assert events(serve, "left") == []
    assert "Traceback" not in server.log


@pytest.mark.thorough
def test_a_module_run_with_m(serve: Serve) -> None:
    files = {
        "board/__init__.py": "",
        "board/words.py": "WORD = 'old'\n",
        "board/main.py": COMMON.replace("import asyncio\n", "import asyncio\nfrom . import words\n")
        .replace("1 {options.greeting}", "{words.WORD} {options.greeting} {sys.argv[1:]}")
        .replace("Path(__file__).resolve().parent", "Path.cwd()")
        + ASYNCIO,
    }
    server = serve(files, "-m", "board.main", "--", "--greeting=hey")
    assert server.get().text == "old hey ['--greeting=hey'] of __main__"
    server.write("board/words.py", "WORD = 'new'\n")
    server.wait_for_answer("new hey")


@pytest.mark.thorough
def test_a_program_s_syntax_error(serve: Serve) -> None:
    server = serve({"prog.py": COMMON + ASYNCIO}, "prog.py", "--workers", "2")
    server.write("prog.py", COMMON + ASYNCIO + "(")
    server.wait_for_log("goes on serving")
    assert server.get().text.startswith("1 ")
    server.edit("prog.py", "1 {options", "2 {options")
    server.wait_for_log("goes on serving", count=2)
    server.write("prog.py", COMMON.replace("1 {options", "3 {options") + ASYNCIO)
    server.wait_for_answer("3 ")
    assert len(server.errors) == 2


@pytest.mark.thorough
def test_a_program_that_raises_shows_its_own_frames_alone(serve: Serve) -> None:
    source = COMMON + ASYNCIO.replace("    app.listen", "    1 / 0\n    app.listen")
    server = serve({"prog.py": source}, "prog.py", "--workers", "2", wait=False)
    server.wait_for_log("save a file to retry")
    frames = [line for line in server.log.splitlines() if line.startswith('  File "')]
    assert frames
    assert all(frame.startswith(f'  File "{server.folder}/prog.py"') for frame in frames[-1:])
    assert "tornkit/" not in "".join(frames)
    assert "ZeroDivisionError" in server.errors[0]
    assert len(server.errors) == 1
    server.write("prog.py", COMMON + ASYNCIO)
    server.wait_until_serving()


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("ending", "how"),
    [("print('nothing to serve')\n", "it ended"), ("sys.exit(3)\n", "it exited with status 3")],
)
def test_a_program_that_ends_before_it_listens(serve: Serve, ending: str, how: str) -> None:
    source = COMMON + "if __name__ == '__main__':\n    " + ending
    server = serve({"prog.py": source}, "prog.py", "--workers", "2", port=None, wait=False)
    assert server.wait_until_ended() == 1
    assert len(server.errors) == 1
    assert f"prog.py never listened: {how} first" in server.errors[0]


def test_a_program_whose_port_is_taken(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = serve(
            {"prog.py": COMMON + ASYNCIO},
            "prog.py",
            "--workers",
            "2",
            "--",
            f"--port={port}",
            port=None,
            wait=False,
        )
        assert server.wait_until_ended() == 1
    assert len(server.errors) == 1
    assert f"port {port} of 127.0.0.1 is taken" in server.errors[0]
    assert "Traceback" not in server.log


def test_a_program_may_try_another_port(serve: Serve) -> None:
    source = COMMON + ASYNCIO.replace(
        '    app.listen(options.port, address="127.0.0.1")\n',
        "    try:\n"
        '        app.listen(options.port, address="127.0.0.1")\n'
        "    except OSError as error:\n"
        '        note(f"errno {error.errno}")\n'
        '        app.listen(options.second_port, address="127.0.0.1")\n',
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        first, second = taken.getsockname()[1], serve.free_port()
        ports = ("--", f"--port={first}", f"--second-port={second}")
        server = serve({"prog.py": source}, "prog.py", *ports, port=None)
        assert server.urls == [f"http://127.0.0.1:{second}"]
        assert server.get().status == 200


@pytest.mark.thorough
def test_a_program_s_debug_mode_and_access_lines(serve: Serve) -> None:
    """Its own logging is left alone, and no request is shown twice."""
    source = COMMON.replace('("/task", Task)]', '("/task", Task)], debug=True') + ASYNCIO
    server = serve({"prog.py": source}, "prog.py")
    server.get()
    server.wait_for_log("200 GET / ")
    server.get("/pid")
    server.wait_for_log("200 GET /pid ")
    assert server.log.count("GET / ") == 1
    server.edit("prog.py", "1 {options", "2 {options")
    server.wait_for_answer("2 hello")
    server.wait_for_reload()
    assert server.reloads == 1
    assert "starting another" not in server.log


SERVES_BY_ITSELF = """\
from pathlib import Path
from tornado.ioloop import IOLoop
from tornado.web import Application, RequestHandler

class Main(RequestHandler):
    def get(self):
        self.write(f"1 {__name__}")

def serve(application, port):
    application.listen(port, "127.0.0.1")
    IOLoop.current().start()
"""


@pytest.mark.thorough
@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_application_that_serves_while_it_is_imported(serve: Serve, workers: str) -> None:
    """It is started again as a program; so it stays when it is edited."""
    app = "import library\napp = library.Application([('/', library.Main)])\n"
    server = serve(
        {"library.py": SERVES_BY_ITSELF, "web.py": f"{app}library.serve(app, 0)\n"},
        *("web.py", "--workers", workers),
    )
    server.wait_for_log("serves by itself")
    assert server.get().text == "1 library"
    server.edit("library.py", '"1 ', '"2 ')
    server.wait_for_answer("2 library")
    server.stop()
