"""A server with the fault that the stories are there to find."""

from __future__ import annotations

from typing import Any

import tornado.httpserver


class Leaking(tornado.httpserver.HTTPServer):
    """Tornado's, but an answered request writes into the next one's answer, whatever its length."""

    def start_request(self, server_conn: Any, request_conn: Any) -> Any:
        own = request_conn.write

        def write(chunk: bytes) -> Any:
            is_late = request_conn._write_finished and not request_conn.stream.closed()
            return request_conn.stream.write(chunk) if is_late else own(chunk)

        request_conn.write = write
        return super().start_request(server_conn, request_conn)
