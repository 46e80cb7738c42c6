"""Where the engine is stricter than Tornado on purpose: Tornado's server, with the same rules.

A story that differs is played again to Tornado's own server with these put in. Where nothing
differs then, the rules that made a difference explain it; whatever follows in the story is compared
as strictly as before.
"""

from __future__ import annotations

import asyncio
import socket
from collections import defaultdict
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from tornado.http1connection import HTTP1Connection
from tornado.httputil import HTTPOutputError
from tornado.iostream import IOStream, StreamClosedError

BEHIND_THE_LAST = "behind the last"
LATE_WRITE = "late write"
LATE_FINISH = "late finish"
LATE_DETACH = "late detach"
EARLY = "early answer"
FORGOTTEN = "forgotten future"
GONE = "gone"
TAKEN = "taken in its body"
READING = "reading"
AROUND = "around HTTP"
AHEAD = "read ahead"
END = "the client's end"
RULES = {
    BEHIND_THE_LAST: "Tornado calls handlers for what is pipelined behind a response that closes "
    "the connection, and nobody gets their answers; the engine never begins with it.",
    LATE_WRITE: "Tornado lets a request that was answered without a length write into the next "
    "one's answer; the engine closes and raises HTTPOutputError, as both do after a length.",
    LATE_FINISH: "Tornado's second finish() writes the end of a chunked response into the next "
    "one's answer, and has the next handler not told of a close; in the engine it does nothing.",
    LATE_DETACH: "Tornado's detach() of an answered request gives the stream from which the next "
    "requests are being read; the engine gives a closed one, and goes on reading them.",
    EARLY: "Tornado does not say that it closes where a request is answered before it is read; a "
    "response of the engine that begins before that says Connection: close, and is the last.",
    FORGOTTEN: "Tornado forgets the future of a write that waits when another write is made, and "
    "it never resolves; the engine's does.",
    GONE: "Tornado lets an answered request write to, and close, the stream that a later request "
    "has detached; in the engine it has a closed connection.",
    TAKEN: "Tornado goes on reading the body of a request whose handler has detached the stream; "
    "the engine leaves the rest of the body to the stream.",
    READING: "Tornado begins to read the next request two turns of the loop after the answer, the "
    "engine after one; and its stream says that it reads when it was closed before a body.",
    AROUND: "Tornado begins with the next request, or closes behind the last, before what "
    "stream.write() was given has gone; the engine sends it first.",
    AHEAD: "Of a pipelined request whose handler closes its stream before the body, Tornado has "
    "read 64 KiB, the engine what was there; both give the handler what was read.",
    END: "Whether a client's end is seen before what is pipelined in front of it is answered, what "
    "it does not read is written, or by a stream that was detached behind a long body, is chance, "
    "with Tornado's own server too.",
}


class Fired:
    """Which rules made a difference, in which story."""

    def __init__(self) -> None:
        self._rules: defaultdict[int, set[str]] = defaultdict(set)

    def clear(self) -> None:
        self._rules.clear()

    def of(self, story: int) -> frozenset[str]:
        return frozenset(self._rules[story])

    def add(self, connection: Any, rule: str) -> None:
        """``connection``: Tornado's, whose request has the story's number in its path."""
        line = connection._request_start_line
        number = line.path.split("/")[1] if line is not None else ""
        self._rules[int(number) if number.isdecimal() else -1].add(rule)


class Rules:
    """Tornado's `HTTP1Connection` with the rules, while entered."""

    def __init__(self) -> None:
        self.fired = Fired()
        self._own: dict[str, Any] = {}

    def __enter__(self) -> Fired:
        for name in (
            "read_response",
            "_read_fixed_body",
            "write_headers",
            "write",
            "finish",
            "detach",
            "close",
        ):
            own = self._own[name] = vars(HTTP1Connection)[name]
            setattr(HTTP1Connection, name, getattr(self, "_" + name.lstrip("_"))(own))
        own_finish_request = self._own["_finish_request"] = HTTP1Connection._finish_request

        def finish_request(connection: Any, future: Any) -> None:
            stream = connection.stream
            if stream is not None and stream._write_futures:
                self.fired.add(connection, AROUND)

                def written(_: object) -> None:
                    if connection.stream is not None:
                        finished(connection, future)

                stream._write_futures[-1][1].add_done_callback(written)
                return
            finished(connection, future)

        def finished(connection: Any, future: Any) -> None:
            own_finish_request(connection, future)
            # Answered, but for the turn in which a handler may still detach.
            asyncio.get_running_loop().call_soon(answered, connection)

        def answered(connection: Any) -> None:
            connection.answered = True
            if connection.stream is not None:
                connection.stream.between = connection

        self._own_reading = own_reading = IOStream.reading

        def reading(stream: Any) -> bool:
            between = getattr(stream, "between", None)
            result = own_reading(stream)
            if stream.closed():
                if result:
                    self.fired.add(stream.previous, READING)
                return False
            if between is not None and not result:
                self.fired.add(between, READING)
                return True
            return result

        IOStream.reading = reading  # type: ignore[method-assign, assignment]
        HTTP1Connection._finish_request = finish_request  # type: ignore[method-assign, assignment]
        return self.fired

    def __exit__(self, *exception: object) -> None:
        for name, own in self._own.items():
            setattr(HTTP1Connection, name, own)
        IOStream.reading = self._own_reading  # type: ignore[method-assign]

    def _read_response(self, own: Callable[..., Any]) -> Callable[..., Any]:
        async def read_response(connection: Any, delegate: Any) -> bool:
            stream = connection.stream
            stream.between = None
            if stream.closed():
                self.fired.add(stream.previous, BEHIND_THE_LAST)
                return False
            stream.previous = connection  # which has the number of the story
            if stream._read_buffer_size:  # of a request that is pipelined
                for _ in range(8):
                    if stream.closed() or not stream._read_to_buffer():
                        break
            result: bool = await own(connection, delegate)
            return result

        return read_response

    def _read_fixed_body(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def read_fixed_body(connection: Any, content_length: int, delegate: Any) -> Any:
            def data_received(chunk: bytes) -> Any:
                stream = connection.stream
                if stream is not None and stream.closed():
                    self.fired.add(connection, AHEAD)
                return delegate.data_received(chunk)

            seeing = SimpleNamespace(data_received=data_received)
            return own(connection, content_length, seeing)

        return read_fixed_body

    def _write_headers(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def write_headers(connection: Any, *args: Any, **kwargs: Any) -> Any:
            self._close_if_gone(connection)
            self._refuse(connection, "Tried to write headers after the response was finished")
            is_early = not connection._read_finished and args[0].code >= 200
            if is_early and not connection._disconnect_on_finish:
                self.fired.add(connection, EARLY)
                connection._disconnect_on_finish = True
            return self._remembered(connection, own(connection, *args, **kwargs))

        return write_headers

    def _write(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def write(connection: Any, chunk: bytes) -> Any:
            self._close_if_gone(connection)
            if chunk and connection._expected_content_remaining is None:
                self._refuse(connection, "Tried to write more data than Content-Length")
            return self._remembered(connection, own(connection, chunk))

        return write

    def _remembered(self, connection: Any, future: Any) -> Any:
        def resolve(written: Any) -> None:
            if not future.done():
                self.fired.add(connection, FORGOTTEN)
                future.set_result(None)

        if not future.done():
            connection._pending_write.add_done_callback(resolve)
        return future

    def _refuse(self, connection: Any, why: str) -> None:
        stream = connection.stream
        if connection._write_finished and stream is not None and not stream.closed():
            self.fired.add(connection, LATE_WRITE)
            stream.close()
            raise HTTPOutputError(why)

    def _close_if_gone(self, connection: Any) -> None:
        stream = connection.stream
        if stream is not None and not stream.closed() and hasattr(stream, "taken"):
            self.fired.add(connection, GONE)
            connection.stream = _closed_stream()

    def _close(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def close(connection: Any) -> None:
            self._close_if_gone(connection)
            own(connection)

        return close

    def _finish(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def finish(connection: Any) -> None:
            if connection._write_finished and connection.stream is not None:
                self.fired.add(connection, LATE_FINISH)
                return
            own(connection)

        return finish

    def _detach(self, own: Callable[..., Any]) -> Callable[..., Any]:
        def detach(connection: Any) -> Any:
            if getattr(connection, "answered", False) and connection.stream is not None:
                self.fired.add(connection, LATE_DETACH)
                if not connection._read_finished and not connection.stream.closed():
                    connection.stream.close()
                if connection.stream.closed():
                    connection.stream.set_close_callback(None)  # as Tornado
                connection.stream = None
                return _closed_stream()
            stream = own(connection)
            if stream is not None:
                stream.taken = True
                reading = stream._read_future
                if reading is not None:
                    self.fired.add(connection, TAKEN)
                    stream._read_future = stream._read_bytes = None
                    stream._read_partial = False
                    reading.set_exception(StreamClosedError())
            return stream

        return detach


def _closed_stream() -> IOStream:
    stream = IOStream(socket.socket())
    stream.close()
    return stream
