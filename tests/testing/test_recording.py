from __future__ import annotations

from tornado.httputil import (
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
)

from tornkit.testing.recording import Record, SeenRequest, recorded


class Delegate(HTTPMessageDelegate):
    def __init__(self, calls: list[object]) -> None:
        self.calls = calls

    def headers_received(self, start_line: object, headers: HTTPHeaders) -> None:
        self.calls.append(("headers", start_line))

    def data_received(self, chunk: bytes) -> None:
        self.calls.append(("data", chunk))

    def finish(self) -> None:
        self.calls.append("finish")

    def on_connection_close(self) -> None:
        self.calls.append("closed")


class Server(HTTPServerConnectionDelegate):
    def __init__(self) -> None:
        self.calls: list[object] = []

    def start_request(self, server_conn: object, request_conn: object) -> Delegate:
        self.calls.append(("start", server_conn, request_conn))
        return Delegate(self.calls)

    def on_close(self, server_conn: object) -> None:
        self.calls.append(("gone", server_conn))


def test_all_is_passed_on_and_the_head_is_noted() -> None:
    server, record = Server(), set[SeenRequest]()
    seen: Record = record
    application = recorded(server, seen)
    connection: object = object()
    delegate = application.start_request("server", connection)  # type: ignore[arg-type]
    line = RequestStartLine("POST", "/a?b", "HTTP/1.1")
    delegate.headers_received(line, HTTPHeaders({"Host": "example.com"}))
    delegate.data_received(b"chunk")
    delegate.finish()
    delegate.on_connection_close()
    application.on_close("server")
    assert server.calls == [
        ("start", "server", connection),
        ("headers", line),
        ("data", b"chunk"),
        "finish",
        "closed",
        ("gone", "server"),
    ]
    assert record == {SeenRequest("POST", "example.com", "/a?b")}
