"""Where the engine's protocol is used, and where it steps aside."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tornado import websocket
from tornado.httpclient import HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application
from tornado.websocket import WebSocketHandler, WebSocketProtocol13, websocket_connect

from tests.engine.websocket.playing import TEXT, Noting, frame, opened, run, until
from tornkit.engine.fidelity import texts
from tornkit.engine.websocket import install, is_installed, uninstall, unknown
from tornkit.engine.websocket.protocol import EngineProtocol


@pytest.fixture(autouse=True)
def clean() -> Iterator[None]:
    assert not is_installed()
    yield
    uninstall()
    assert not is_installed()


def test_nothing_is_installed_by_import_and_all_is_undone() -> None:
    theirs = WebSocketHandler.get_websocket_protocol
    assert install()
    assert install()
    assert is_installed()
    assert WebSocketHandler.get_websocket_protocol is not theirs
    uninstall()
    assert WebSocketHandler.get_websocket_protocol is theirs


def test_all_of_this_tornado_is_known() -> None:
    assert unknown() == []


def changed(path: Path, old: str, new: str) -> Any:
    """Tornado's module websocket with ``old`` written as ``new`` in it."""
    text = Path(websocket.__file__).read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    spec = importlib.util.spec_from_file_location("changed_websocket", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_comments_and_empty_lines_are_no_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = changed(
        tmp_path / "changed.py",
        "        # Read the frame header.\n",
        "        # Another comment.\n\n",
    )
    own = WebSocketProtocol13._receive_frame
    theirs = module.WebSocketProtocol13._receive_frame
    assert texts.digest_of(theirs) != texts.digest_of(own)
    monkeypatch.setattr(WebSocketProtocol13, "_receive_frame", theirs)
    assert unknown() == []


@pytest.mark.parametrize(
    ("method", "old", "new"),
    [
        ("_receive_frame", "payloadlen >= 126", "payloadlen >= 100"),
        (
            "_receive_frame_loop",
            "while not self.client_terminated:",
            "while not self.server_terminated:",
        ),
        ("write_message", "flags |= self.RSV1", "flags |= self.RSV2"),
    ],
)
def test_a_tornado_that_does_it_otherwise_is_left_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    method: str,
    old: str,
    new: str,
) -> None:
    theirs = changed(tmp_path / "changed.py", old, new).WebSocketProtocol13
    monkeypatch.setattr(WebSocketProtocol13, method, vars(theirs)[method])
    with caplog.at_level(logging.INFO, "tornkit"):
        assert not install()
    [record] = caplog.records
    assert record.getMessage().endswith(f"unknown WebSocketProtocol13.{method}")
    assert not is_installed()


def test_a_method_without_source_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WebSocketProtocol13, "_read_bytes", len)
    assert unknown() == ["WebSocketProtocol13._read_bytes"]
    namespace: dict[str, Any] = {}
    exec("async def made(self, n): pass", namespace)
    monkeypatch.setattr(WebSocketProtocol13, "_read_bytes", namespace["made"])
    assert unknown() == ["WebSocketProtocol13._read_bytes"]


def test_a_program_that_has_its_own_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def own(self: WebSocketHandler) -> None:
        return None

    monkeypatch.setattr(WebSocketHandler, "get_websocket_protocol", own)
    assert not install()
    uninstall()
    assert vars(WebSocketHandler)["get_websocket_protocol"] is own


def test_one_that_came_later_is_not_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert install()
    monkeypatch.setattr(WebSocketHandler, "get_websocket_protocol", lambda self: None)
    assert not is_installed()
    uninstall()
    assert WebSocketHandler.get_websocket_protocol(object()) is None  # type: ignore[arg-type]
    monkeypatch.undo()


class WithItsOwn(Noting):
    def get_websocket_protocol(self) -> WebSocketProtocol13 | None:
        theirs = super().get_websocket_protocol()
        assert isinstance(theirs, EngineProtocol)
        return WebSocketProtocol13(self, False, theirs.params)


def test_a_handler_that_makes_its_own_keeps_it() -> None:
    async def scene() -> None:
        async with opened(True, WithItsOwn) as (client, _, seen):
            assert "WebSocketProtocol13" in seen.wrong
            client.send(frame(TEXT, b"a"))
            await until(lambda: client.has(3))

    run(scene)


def test_another_version_is_still_refused() -> None:
    async def scene() -> None:
        with pytest.raises(AssertionError) as failed:
            async with opened(True, Noting, "Sec-WebSocket-Version: 8"):
                pass
        assert b" 426 " in failed.value.args[0] or b" 400 " in failed.value.args[0]

    run(scene)


class Echo(WebSocketHandler):
    def on_message(self, message: str | bytes) -> None:
        self.settings["made"].append(self)
        self.write_message(message)


@contextlib.contextmanager
def installed() -> Iterator[None]:
    assert install()
    try:
        yield
    finally:
        uninstall()


CERTIFICATE = Path(websocket.__file__).parent / "test"


@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_clients_and_tls_stay_tornado_s(secure: bool) -> None:
    async def scene() -> None:
        handlers: list[Any] = []
        options: dict[str, Any] = {}
        if secure:
            names = ("certfile", "keyfile")
            options["ssl_options"] = {
                name: str(CERTIFICATE / end)
                for name, end in zip(names, ("test.crt", "test.key"), strict=True)
            }
        application = Application([("/", Echo)], made=handlers)
        server = HTTPServer(application, **options)
        listener, port = bind_unused_port()
        server.add_socket(listener)
        scheme = "wss" if secure else "ws"
        request = HTTPRequest(f"{scheme}://127.0.0.1:{port}/", validate_cert=False)
        client = await websocket_connect(request)
        for message in ("small", "x" * 300_000):
            await client.write_message(message)
            assert await client.read_message() == message
        assert type(client.protocol) is WebSocketProtocol13
        protocol = handlers[0].ws_connection
        assert isinstance(protocol, EngineProtocol)
        assert protocol._direct is not secure
        assert isinstance(protocol.stream.socket, ssl.SSLSocket) is secure
        client.close()
        assert await client.read_message() is None
        server.stop()
        await server.close_all_connections()
        await asyncio.sleep(0)

    with installed():
        run(scene)
