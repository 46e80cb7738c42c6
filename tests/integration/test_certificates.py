"""A certificate that is renewed while it serves: HUP reads it anew, and nothing is lost."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGHUP
from typing import TYPE_CHECKING, Any

import pytest

pytestmark = pytest.mark.thorough

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

APP = """\
from tornado.web import Application, RequestHandler


class Main(RequestHandler):
    def get(self):
        self.write("1 is the version")


def make_app():
    return Application([("/", Main)])
"""
VISITORS = 3


def shown_by(server: Server) -> bytes:
    """The certificate on a new connection, which is then used for a request."""
    with server.connect() as client:
        assert isinstance(client.sock, ssl.SSLSocket)
        certificate = client.sock.getpeercert(binary_form=True)
        assert certificate is not None
        assert client.request("/", "Connection: close").text == "1 is the version"
        return certificate


def der(certfile: Path) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certfile.read_text())


@dataclass
class Visitors:
    """Clients in threads, each request on a connection of its own; none may fail.

    ``seen`` is, in the order in which the answers came, when each connection began (by
    ``time.monotonic()``) and the certificate it showed.
    """

    server: Server
    seen: list[tuple[float, bytes]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Visitors:
        for _ in range(VISITORS):
            thread = threading.Thread(target=self._visit)
            self._threads.append(thread)
            thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(30)
        assert self.faults == []

    def shown(self, since: float = 0.0) -> list[bytes]:
        """The certificates on connections that began after ``since``."""
        return [certificate for begun, certificate in self.seen if begun > since]

    def _visit(self) -> None:
        try:
            while not self._stop.is_set():
                self.seen.append((time.monotonic(), shown_by(self.server)))
        except Exception as error:  # noqa: BLE001 - whatever a client may meet is a fault
            self.faults.append(repr(error))


@pytest.fixture
def installed(
    make_certificate: Callable[[], tuple[Path, Path]], tmp_path: Path
) -> tuple[Path, Path, Callable[[tuple[Path, Path]], None]]:
    """Where the server reads certificate and key, and how to put others there."""
    certfile, keyfile = tmp_path / "site.pem", tmp_path / "site.key"

    def install(pair: tuple[Path, Path]) -> None:
        certfile.write_bytes(pair[0].read_bytes())
        keyfile.write_bytes(pair[1].read_bytes())

    install(make_certificate())
    return certfile, keyfile, install


@pytest.mark.parametrize("reload", ["--reload", "--no-reload"])
def test_a_renewed_certificate(
    serve: Serve,
    make_certificate: Callable[[], tuple[Path, Path]],
    installed: tuple[Path, Path, Callable[[tuple[Path, Path]], None]],
    wait_for: Callable[..., Any],
    reload: str,
) -> None:
    certfile, keyfile, install = installed
    old, renewed = der(certfile), make_certificate()
    options = ("--certfile", certfile, "--keyfile", keyfile, "--workers", "2", "--no-access-log")
    server = serve({"app.py": APP}, *options, reload)
    with Visitors(server) as visitors:
        wait_for(lambda: old in visitors.shown() or visitors.faults, "an answer")
        install(renewed)
        assert shown_by(server) == old, "nobody has asked for it yet"
        server.signal(SIGHUP)
        server.wait_for_reload()
        reloaded = time.monotonic()
        assert {shown_by(server) for _ in range(20)} == {der(renewed[0])}
        wait_for(lambda: len(visitors.shown(reloaded)) > 20 or visitors.faults, "more answers")
    assert set(visitors.shown(reloaded)) == {der(renewed[0])}
    assert server.errors == []


@pytest.mark.parametrize(
    "broken",
    [
        "another one's key",
        *(pytest.param(each, marks=pytest.mark.thorough) for each in ("no certificate", "missing")),
    ],
)
def test_a_renewed_certificate_that_is_of_no_use(
    serve: Serve,
    make_certificate: Callable[[], tuple[Path, Path]],
    installed: tuple[Path, Path, Callable[[tuple[Path, Path]], None]],
    wait_for: Callable[..., Any],
    broken: str,
) -> None:
    certfile, keyfile, install = installed
    old, renewed = der(certfile), make_certificate()
    options = ("--certfile", certfile, "--keyfile", keyfile, "--workers", "2", "--no-access-log")
    server = serve({"app.py": APP}, *options, "--no-reload")
    with Visitors(server) as visitors:
        wait_for(lambda: visitors.seen or visitors.faults, "an answer")
        match broken:
            case "no certificate":
                certfile.write_text("oops")
            case "missing":
                certfile.unlink()
            case _:
                keyfile.write_bytes(make_certificate()[1].read_bytes())
        server.signal(SIGHUP)
        server.wait_for_log("the code from before goes on serving")
        [error] = server.errors
        assert f"error: {certfile} and its key can't be used: " in error
        assert "Traceback" not in server.log
        assert "save again" not in server.log, "no save is awaited"
        assert {shown_by(server) for _ in range(20)} == {old}
        install(renewed)
        server.signal(SIGHUP)
        server.wait_for_reload()
        assert shown_by(server) == der(renewed[0])
    assert set(visitors.shown()) <= {old, der(renewed[0])}
