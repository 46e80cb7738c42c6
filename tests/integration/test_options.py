"""What the options of ``tornkit serve`` do, and what it says when they can't be had."""

from __future__ import annotations

import os
import re
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytestmark = pytest.mark.thorough

if TYPE_CHECKING:
    from tests.integration.serve import Serve

APP = """\
import json
import logging
import os
from pathlib import Path

from tornado.web import Application, RequestHandler

HERE = Path(__file__).parent
AT_IMPORT = os.environ.get("GREETING")
VERSION = 1


class Main(RequestHandler):
    def get(self):
        self.write(f"{VERSION} is the version")


class Pid(RequestHandler):
    def get(self):
        self.write(str(os.getpid()))


class Request(RequestHandler):
    def get(self):
        request = self.request
        self.write({"ip": request.remote_ip, "protocol": request.protocol})


class Upload(RequestHandler):
    def post(self):
        self.write(str(len(self.request.body)))


class Environment(RequestHandler):
    def get(self):
        names = ("GREETING", "TAKEN", "QUOTED")
        self.write({"import": AT_IMPORT} | {name: os.environ.get(name) for name in names})


class Log(RequestHandler):
    def get(self):
        logging.getLogger("board").debug("a detail")
        logging.getLogger("board").info("a message")
        logging.getLogger("board").warning("a warning")


class Fail(RequestHandler):
    def get(self):
        1 / 0


def make_app():
    return Application(
        [("/", Main), ("/pid", Pid), ("/request", Request), ("/upload", Upload)]
        + [("/environment", Environment), ("/log", Log), ("/fail", Fail), ("/.*red.*", Main)]
    )
"""
FILES = {"app.py": APP}
ESCAPE = "\x1b"


# ---- where it listens ----


def test_a_unix_socket(serve: Serve) -> None:
    path = serve.folder.parent / "s"
    server = serve(FILES, "--unix-socket", path, "--workers", "2", port=None)
    assert server.urls == [f"unix:{path}"]
    assert stat.S_ISSOCK(path.stat().st_mode)
    assert server.get().text.startswith("1 is")
    with server.connect() as client:
        client.request()
        server.edit("app.py", "VERSION = 1", "VERSION = 2")
        server.wait_for_reload()
        assert client.request().text.startswith("2 is")
    assert server.get().text.startswith("2 is")
    assert server.stop() == 0
    assert not path.exists()


def test_a_stale_unix_socket_is_replaced(serve: Serve) -> None:
    path = serve.folder.parent / "s"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = serve(FILES, "--unix-socket", path, port=None)
    assert server.get().status == 200


def test_a_unix_socket_that_another_serves_is_refused(serve: Serve) -> None:
    path = serve.folder.parent / "s"
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(path))
        living.listen()
        server = serve(FILES, "--unix-socket", path, port=None, wait=False)
        assert server.wait_until_ended() == 1
        assert path.exists()
    assert server.log == f"error: another server listens on the socket {path}\n"


def test_a_file_in_the_place_of_a_unix_socket_is_kept(serve: Serve) -> None:
    path = serve.folder.parent / "s"
    path.write_text("precious")
    server = serve(FILES, "--unix-socket", path, port=None, wait=False)
    assert server.wait_until_ended() == 1
    assert len(server.log.splitlines()) == 1
    assert path.read_text() == "precious"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken(serve: Serve, workers: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        server = serve(FILES, "--workers", workers, port=port, wait=False)
        assert server.wait_until_ended() == 1
    assert len(server.log.splitlines()) == 1
    assert server.log.startswith(f"error: port {port} of 127.0.0.1 is taken")


def test_a_port_that_another_tornkit_has(serve: Serve) -> None:
    first = serve(FILES, "--workers", "2")
    port = int(first.url.rpartition(":")[2])
    second = serve(FILES, "--workers", "2", port=port, wait=False)
    assert second.wait_until_ended() == 1
    assert "is taken" in second.log
    assert first.get().status == 200


def test_the_port_of_pyproject_and_of_the_environment(serve: Serve) -> None:
    configured, exported, given = (serve.free_port() for _ in range(3))
    pyproject = f"[tool.tornkit]\napp = 'app:make_app'\n[tool.tornkit.serve]\nport = {configured}\n"
    server = serve(FILES | {"pyproject.toml": pyproject}, port=None)
    assert server.url.endswith(f":{configured}")
    assert server.get().status == 200
    environment = {"TORNKIT_PORT": str(exported)}
    server = serve({}, port=None, env=environment)
    assert server.url.endswith(f":{exported}")
    server = serve({}, port=given, env=environment)
    assert server.url.endswith(f":{given}")


def test_an_ipv6_address(serve: Serve) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        pytest.skip(f"there is no IPv6 loopback here: {error}")
    server = serve(FILES, "--address", "::1", "--workers", "2")
    assert server.url.startswith("http://[::1]:")
    server.answering_pids(2)


def test_an_address_that_this_machine_lacks(serve: Serve) -> None:
    server = serve(FILES, "--address", "192.0.2.1", wait=False)
    assert server.wait_until_ended() == 1
    assert len(server.log.splitlines()) == 1
    assert "no such address" in server.log


# ---- HTTPS ----


def test_https(serve: Serve, certificate: tuple[Path, Path]) -> None:
    certfile, keyfile = certificate
    server = serve(FILES, "--certfile", certfile, "--keyfile", keyfile, "--workers", "2")
    assert server.url.startswith("https://127.0.0.1:")
    assert server.get("/request").json()["protocol"] == "https"
    with server.connect() as idle:
        idle.request()
        server.edit("app.py", "VERSION = 1", "VERSION = 2")
        server.wait_for_reload()
        assert idle.rest() == b"", "closed, not reset: TLS can't move"
    assert server.get().text.startswith("2 is")


BOUND_FIRST = """\
import asyncio
import ssl
import sys

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler


class Main(RequestHandler):
    def get(self):
        self.write(self.request.protocol)


async def main(certfile, keyfile):
    sockets = bind_sockets(0, "127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certfile, keyfile)
    HTTPServer(Application([("/", Main)]), ssl_options=context).add_sockets(sockets)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
"""


def test_https_of_a_program_that_binds_before_it_has_a_server(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    server = serve({"prog.py": BOUND_FIRST}, "prog.py", "--workers", "2", "--", *certificate)
    assert server.url.startswith("https://127.0.0.1:")
    assert server.get("/").text == "https"


def test_a_certificate_that_is_missing_or_no_certificate(
    serve: Serve, certificate: tuple[Path, Path]
) -> None:
    certfile, keyfile = certificate
    missing = serve(FILES, "--certfile", "nowhere.pem", wait=False)
    assert missing.wait_until_ended() == 1
    assert missing.log.startswith("error: --certfile ")
    assert missing.log.endswith("nowhere.pem: there is no such file\n")
    assert len(missing.log.splitlines()) == 1
    wrong = serve(FILES, "--certfile", keyfile, "--keyfile", certfile, wait=False)
    assert wrong.wait_until_ended() == 1
    assert len(wrong.log.splitlines()) == 1


# ---- what the application sees ----


def test_without_options_proxies_are_not_believed(serve: Serve) -> None:
    server = serve(FILES)
    lines = ("X-Forwarded-For: 198.51.100.7", "X-Forwarded-Proto: https")
    seen = server.get("/request", *lines).json()
    assert seen == {"ip": "127.0.0.1", "protocol": "http"}
    assert server.get("/upload", method="POST", body=b"x" * 5000).text == "5000"


def test_proxies_body_size_and_silence(serve: Serve) -> None:
    options = ["--xheaders", "--trusted-downstream", "203.0.113.9", "--max-body-size", "1k"]
    server = serve(FILES, *options, "--no-access-log", "--log-level", "warning")
    lines = ("X-Forwarded-For: 198.51.100.7, 203.0.113.9", "X-Forwarded-Proto: https")
    seen = server.get("/request", *lines).json()
    assert seen == {"ip": "198.51.100.7", "protocol": "https"}
    assert server.get("/upload", method="POST", body=b"x" * 1024).text == "1024"
    assert server.get("/upload", method="POST", body=b"x" * 1025).status in (400, 413)
    server.get("/log")
    server.wait_for_log("W board: a warning")
    assert "a message" not in server.log
    assert not re.search(r"\b200 (GET|POST)", server.log)


def test_an_env_file(serve: Serve) -> None:
    env_file = "GREETING=hello\nTAKEN=of the file\nQUOTED='two words' # comment\n"
    server = serve(
        FILES | {"dev.env": env_file},
        "--env-file",
        "dev.env",
        "--workers",
        "2",
        env={"TAKEN": "of the shell"},
    )
    expected: dict[str, str | None] = {
        "import": "hello",
        "GREETING": "hello",
        "TAKEN": "of the shell",
    }
    assert server.get("/environment").json() == expected | {"QUOTED": "two words"}
    server.write("dev.env", "GREETING=goodbye\n")
    server.wait_for_reload()
    expected |= {"import": "goodbye", "GREETING": "goodbye", "QUOTED": None}
    assert server.get("/environment").json() == expected


# ---- what is watched ----


def test_watch_a_folder_and_a_file(serve: Serve, tmp_path: Path) -> None:
    folder, file = tmp_path / "beside", tmp_path / "beside.data"
    folder.mkdir()
    file.write_text("1")
    server = serve(FILES, "--watch", folder, "--watch", file)
    (pid,) = server.answering_pids(1)
    file.write_text("2")
    server.wait_for_reload()
    (folder / "deep").mkdir()
    (folder / "deep" / "new.data").write_text("1")
    server.wait_for_reload(2)
    assert server.answering_pids(1) != {pid}
    assert f"{file} changed" in server.log


def test_ignore_by_name_and_by_folder(serve: Serve) -> None:
    ignore = ["--ignore", "skip_*.py", "--ignore", "generated"]
    files = FILES | {"skip_this.py": "", "generated/code.py": ""}
    server = serve(files, *ignore)
    server.write("skip_this.py", "x = 1\n")
    server.write("generated/code.py", "x = 1\n")
    for number in (2, 3):
        server.edit("app.py", f"VERSION = {number - 1}", f"VERSION = {number}")
        server.wait_for_reload(number - 1)
    assert re.findall(r"\S+ (.*) changed", server.log) == ["app.py", "app.py"]


def test_ignore_a_module_that_is_imported(serve: Serve) -> None:
    files = {"app.py": "import skipped\n" + APP, "skipped.py": ""}
    server = serve(files, "--ignore", "skipped.py")
    server.write("skipped.py", "x = 1\n")
    server.edit("app.py", "VERSION = 1", "VERSION = 2")
    server.wait_for_answer("2 is")
    # By the end of another reload, every change from before the last one has been told.
    server.edit("app.py", "VERSION = 2", "VERSION = 3")
    server.wait_for_answer("3 is")
    assert "skipped.py" not in server.log


def test_no_reload_watches_nothing(serve: Serve) -> None:
    server = serve(FILES, "--no-reload", "--workers", "2")
    assert "watching" not in server.log
    assert server.get().status == 200


# ---- what it writes ----


def test_access_lines(serve: Serve) -> None:
    server = serve(FILES)
    server.get("/?q=1")
    server.get("/nowhere")
    server.get("/fail")
    server.wait_for_log("500 GET /fail")
    took = r"\d+\.\d+ ms 127\.0\.0\.1"
    for line in (r"200 GET /\?q=1", "404 GET /nowhere", "500 GET /fail"):
        assert re.search(rf"^\d\d:\d\d:\d\d {line} {took}$", server.log, re.MULTILINE)
    assert "ZeroDivisionError" in server.log
    server.get("/log")
    server.wait_for_log("W board: a warning")
    assert "I board: a message" in server.log
    assert "a detail" not in server.log


def test_access_lines_tell_workers_apart(serve: Serve) -> None:
    server = serve(FILES, "--workers", "2", "--log-level", "debug")
    server.answering_pids(2)
    server.wait_for_log(r"\n\d\d:\d\d:\d\d \[1\] 200 GET /pid \d")
    server.wait_for_log(r"\n\d\d:\d\d:\d\d \[2\] 200 GET /pid \d")
    server.get("/log")
    server.wait_for_log("D board: a detail")


HOSTILE = {
    "raw": b"/\x1b[31mred",
    "raw C1": b"/\x9b31mred",
    "percent": b"/%1b%5b31mred",
    "bell": b"/\x07red",
    "query": b"/red?q=\x1b]0;title\x07",
}


@pytest.mark.parametrize("terminal", [False, True], ids=["pipe", "terminal"])
def test_a_request_writes_no_escape_sequence(serve: Serve, terminal: bool) -> None:
    server = serve(FILES, terminal=terminal)
    for path in HOSTILE.values():
        with server.connect() as client:
            client.send(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert client.read_response().status in (200, 400, 404)
    server.get("/fail?" + "%1b[31mred", "User-Agent: a\x9b31mred")
    server.wait_for_log("500.*GET +/fail")
    assert server.stop() == 0
    # The colours of ours are SGR sequences that end in m; what the requests sent says 31mred.
    foreign = re.sub(r"\x1b\[[0-9;]*m(?!red)", "", server.log.replace("\r\n", "\n"))
    assert [line for line in foreign.split("\n") if not line.isprintable()] == []


def test_a_pipe_gets_no_escape_sequence(serve: Serve) -> None:
    server = serve(FILES, "--workers", "2")
    server.get("/fail")
    server.get("/log")
    server.write("app.py", APP + "(")
    server.wait_for_log("goes on serving")
    server.write("app.py", APP)
    server.wait_for_reload()
    assert server.stop() == 0
    assert ESCAPE not in server.log


def test_a_terminal_gets_colour(serve: Serve) -> None:
    server = serve(FILES, terminal=True)
    server.get("/nowhere")
    server.get("/log")
    server.write("app.py", APP + "(")
    server.wait_for_log("goes on serving")
    for coloured in (r"36mhttp://", "33m404", r"33m[\d:]+ W board", "31merror:"):
        assert re.search(rf"\x1b\[(\d+;)*{coloured}", server.log), coloured


def test_the_routes_of_what_was_named_are_listed_at_a_key(serve: Serve) -> None:
    files = {
        "site/board/__init__.py": "",
        "site/board/app.py": APP,
        "site/pyproject.toml": '[tool.tornkit]\napp = "board.app"\n',
    }
    server = serve(files, "site", terminal=True, env={"NO_COLOR": "1"})
    server.type(b"l\n")
    server.wait_for_log(r"\d+ routes\.")


def test_no_color_takes_the_colour_from_a_terminal(serve: Serve) -> None:
    server = serve(FILES, terminal=True, env={"NO_COLOR": "1"})
    server.get("/nowhere")
    server.get("/log")
    server.write("app.py", APP + "(")
    server.wait_for_log("goes on serving")
    assert server.stop() == 0
    assert re.findall(r"\x1b\[[0-9;]*\b(?:3[0-7]|9[0-7]|38)\b[0-9;]*m", server.log) == []
    assert re.search(r"404 +\d+\.\d ms GET     /nowhere ", server.log)


def test_a_dumb_terminal_gets_no_escape_sequence(serve: Serve) -> None:
    server = serve(FILES, terminal=True, env={"TERM": "dumb"})
    server.get("/nowhere")
    server.wait_for_log(r"404 +\d+\.\d ms GET     /nowhere ")
    assert server.stop() == 0
    assert ESCAPE not in server.log


def test_workers_auto(serve: Serve) -> None:
    server = serve(FILES, "--workers", "auto")
    workers = re.search(r"workers  (\d+) \(supervisor (\d+)\)", server.log)
    assert workers is not None
    assert 1 <= int(workers[1]) <= (os.cpu_count() or 1)
    assert int(workers[2]) == server.process.pid
    server.answering_pids(int(workers[1]))
