"""Applications that serve by themselves when they are looked at: nothing is bound.

In processes of their own, like programs (`test_program`).
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.appload.test_program import Captured, capture

Write = Callable[..., Path]

LIBRARY = """
import asyncio
from tornado.ioloop import IOLoop

def serve(app, port):
    app.listen(port)
    IOLoop.current().start()

def serve_async(app, port):
    async def main():
        app.listen(port)
        await asyncio.Event().wait()
    asyncio.run(main())

def serve_in_thread(app, port):
    import threading
    thread = threading.Thread(target=serve_async, args=(app, port))
    thread.start()
    thread.join()
"""
APPLICATION = "import library\nfrom tornado.web import Application\n"


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that nobody else can bind."""
    with socket.socket() as taken:
        taken.bind(("", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize(
    "how",
    [
        "serve",
        pytest.param("serve_async", marks=pytest.mark.thorough),
        pytest.param("serve_in_thread", marks=pytest.mark.thorough),
    ],
)
def test_the_import_serves(write: Write, taken_port: int, how: str) -> None:
    write("library.py", LIBRARY)
    write("web.py", f"{APPLICATION}app = Application(name='x')\nlibrary.{how}(app, {taken_port})\n")
    assert capture("web.py") == Captured(names=["x"], label="web.py:app")


@pytest.mark.thorough
def test_the_factory_serves(write: Write, taken_port: int) -> None:
    write("library.py", LIBRARY)
    text = f"def make_app():\n    library.serve(Application(name='x'), {taken_port})\n"
    write("web.py", APPLICATION + text)
    assert capture("web.py").names == ["x"]


@pytest.mark.thorough
def test_the_import_listens_and_returns(write: Write, taken_port: int) -> None:
    """Metrics, say: the application is still the one that is named."""
    text = f"Application(name='metrics').listen({taken_port})\napp = Application(name='x')\n"
    write("web.py", APPLICATION.replace("import library\n", "") + text)
    assert capture("web.py:app").names == ["x"]


OWN_SOCKETS = {
    "bind": "sock = socket.socket()\nsock.bind(('', {port}))\nsock.listen()\n"
    "atexit.register(sock.close)\n",
    "create_server": "sock = socket.create_server(('127.0.0.1', {port}))\n"
    "atexit.register(sock.close)\n",
    "asyncio": "loop = asyncio.new_event_loop()\natexit.register(loop.close)\n"
    "server = loop.run_until_complete(asyncio.start_server(print, '127.0.0.1', {port}))\n"
    "atexit.register(server.close)\n",
    "http.server": "import http.server, threading\nserver = http.server.ThreadingHTTPServer("
    "('', {port}), None)\nthreading.Thread(target=server.serve_forever, daemon=True).start()\n",
}


@pytest.mark.thorough
@pytest.mark.parametrize("how", OWN_SOCKETS)
def test_sockets_that_are_not_tornados(write: Write, taken_port: int, how: str) -> None:
    text = "import asyncio, atexit, socket\nfrom tornado.web import Application\n"
    write("web.py", text + OWN_SOCKETS[how].format(port=taken_port) + "app = Application(name='x')")
    assert capture("web.py:app").names == ["x"]


def test_a_socket_says_where_it_would_be(write: Write, taken_port: int) -> None:
    """Libraries read back what they have bound."""
    write(
        "web.py",
        f"""
        from tornado import netutil
        from tornado.httpserver import HTTPServer
        from tornado.ioloop import IOLoop
        from tornado.web import Application

        def main():
            sockets = netutil.bind_sockets({taken_port}, "127.0.0.1")
            assert [each.getsockname() for each in sockets] == [("127.0.0.1", {taken_port})]
            free = netutil.bind_sockets(0)
            [port] = {{each.getsockname()[1] for each in free}}
            assert port > 0
            unix = netutil.bind_unix_socket("s")
            assert unix.getsockname() == "s"
            HTTPServer(Application(name="x")).add_sockets([*sockets, *free, unix])
            IOLoop.current().start()

        if __name__ == "__main__":
            main()
        """,
    )
    assert capture("web.py").names == ["x"]


@pytest.mark.thorough
def test_a_server_in_a_thread_goes_on(write: Write, taken_port: int) -> None:
    """Where the import returns, what it has started is the application's."""
    write("library.py", LIBRARY)
    text = f"""
import atexit, threading, time
thread = threading.Thread(target=library.serve_async, args=(Application(), {taken_port}))
thread.daemon = True
thread.start()
time.sleep(0.1)


class Lives(Application):
    @property
    def settings(self):
        time.sleep(0.1)
        return {{"name": thread.is_alive()}}

    @settings.setter
    def settings(self, settings):
        pass


app = Lives()
"""
    write("web.py", APPLICATION + text)
    assert capture("web.py:app").names == [True]
