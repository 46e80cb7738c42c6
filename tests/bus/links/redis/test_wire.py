"""One connection to Redis: what redis-py is asked for, in which order, and how it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

pytest.importorskip("redis")

from redis.asyncio.connection import Connection, SSLConnection
from redis.exceptions import RedisError

from tests.bus.test_catching_up import turns
from tornkit.bus.links.redis import wire as module
from tornkit.bus.links.redis.wire import LOST, RedisWire, both


class HandConnection:
    """What of a connection of redis-py's is used; ``notes`` has what it was asked for."""

    def __init__(self, error: BaseException | None = None, **options: Any) -> None:
        self.options = options
        self.error = error
        self.notes: list[Any] = []
        self.is_connected = False
        self.answers: list[Any] = []
        self._writer = self
        self.transport = self

    async def connect(self) -> None:
        self.notes.append("connect")
        self.is_connected = True
        if self.error is not None:
            raise self.error

    async def disconnect(self, *, nowait: bool) -> None:
        assert nowait
        self.is_connected = False
        self.notes.append("disconnect")

    def abort(self) -> None:
        self.notes.append("abort")

    def pack_commands(self, commands: Any) -> list[Any]:
        return list(commands)

    async def send_packed_command(self, packed: list[Any], *, check_health: bool) -> None:
        assert not check_health
        self.notes.append(packed)

    async def read_response(self, *, disable_decoding: bool, disconnect_on_error: bool) -> Any:
        assert disable_decoding
        assert not disconnect_on_error
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def run(call: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(call)


async def connected(**options: Any) -> tuple[RedisWire, HandConnection]:
    wire = await RedisWire.connect({"connection_class": HandConnection, **options})
    found = wire._connection
    assert isinstance(found, HandConnection)
    assert found.notes == ["connect"]
    found.notes.clear()
    return wire, found


class TestOptions:
    def test_those_that_are_its_own(self) -> None:
        given = {
            "connection_class": HandConnection,
            "host": "a",
            "socket_timeout": 3,
            "protocol": 3,
        }
        before = dict(given)
        wire = RedisWire.made(given)
        assert wire._connection.options == {
            "host": "a",
            # An answer may take any time, and is in the form that is read here.
            "socket_timeout": None,
            "protocol": 2,
            "socket_connect_timeout": module._PATIENCE,
        }
        assert given == before

    def test_whoever_says_how_long_connecting_takes_has_a_reason(self) -> None:
        given = {"connection_class": HandConnection, "socket_connect_timeout": 0.5}
        assert RedisWire.made(given)._connection.options["socket_connect_timeout"] == 0.5

    def test_it_is_redis_pys_connection_where_nothing_else_is_said(self) -> None:
        assert type(RedisWire.made({})._connection) is Connection

    def test_what_redis_py_does_not_take_is_told_of(self) -> None:
        with pytest.raises(TypeError):
            RedisWire.made({"hots": "a"})


class TestConnecting:
    @pytest.mark.parametrize("error", [RedisError("odd"), OSError("away"), EOFError()])
    def test_an_error_is_whoevers_it_is_and_the_connection_is_closed(
        self, monkeypatch: pytest.MonkeyPatch, error: Exception
    ) -> None:
        made = HandConnection(error)
        with pytest.raises(type(error)) as found:
            run(RedisWire.connect({"connection_class": lambda **_: made}))
        assert found.value is error
        assert isinstance(error, LOST)
        assert made.notes == ["connect", "disconnect"]

    @pytest.mark.parametrize(
        ("kind", "hint"), [(Connection, "or it hangs"), (SSLConnection, "or without TLS")]
    )
    def test_one_that_says_nothing_may_be_no_redis(
        self, monkeypatch: pytest.MonkeyPatch, kind: type[Connection], hint: str
    ) -> None:
        async def connect(self: Connection) -> None:
            await asyncio.Event().wait()

        monkeypatch.setattr(module, "_PATIENCE", 0.0)
        monkeypatch.setattr(kind, "connect", connect)
        text = f"^what is there does not speak as Redis does, {hint}$"
        with pytest.raises(ConnectionError, match=text) as error:
            run(RedisWire.connect({"connection_class": kind}))
        assert error.value.__suppress_context__
        assert error.value.__cause__ is None

    def test_one_that_is_cancelled_is_closed(self) -> None:
        made = HandConnection(asyncio.CancelledError())
        with pytest.raises(asyncio.CancelledError):
            run(RedisWire.connect({"connection_class": lambda **_: made}))
        assert made.notes == ["connect", "disconnect"]


class TestSentCommands:
    def test_those_that_were_queued_go_out_together_and_once(self) -> None:
        async def main() -> None:
            wire, connection = await connected()
            wire.send("A", 1)
            wire.send("B")
            assert connection.notes == []
            await wire.flush()
            await wire.flush()
            assert connection.notes == [[("A", 1), ("B",)], []]

        run(main())

    def test_they_are_written_as_soon_as_there_are_some(self) -> None:
        async def main() -> None:
            wire, connection = await connected()
            writing = asyncio.ensure_future(wire.write())
            await turns()
            assert connection.notes == []
            for name in ("A", "B"):
                wire.send(name)
                await turns()
            assert connection.notes == [[("A",)], [("B",)]]
            connection.is_connected = False
            wire.send("C")
            with pytest.raises(ConnectionError, match="is lost"):
                await writing
            assert connection.notes == [[("A",)], [("B",)]], "redis-py would connect anew"

        run(main())

    def test_a_question_has_its_answer(self) -> None:
        async def main() -> None:
            wire, connection = await connected()
            connection.answers = [b"1", RedisError("odd")]
            assert await wire.ask("GET", "a") == b"1"
            assert connection.notes == [[("GET", "a")]]
            with pytest.raises(RedisError, match="odd"):
                await wire.read()

        run(main())

    def test_a_question_is_not_waited_for_without_end(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def main() -> None:
            wire, _ = await connected()
            monkeypatch.setattr(module, "_PATIENCE", 0.0)
            with pytest.raises(TimeoutError):
                await wire.ask("GET", "a")

        run(main())


class TestItsEnd:
    def test_nobody_waits_until_the_other_side_has_read(self) -> None:
        async def main() -> None:
            wire, connection = await connected()
            await wire.close()
            assert connection.notes == ["disconnect", "abort"]

        run(main())

    def test_one_that_was_never_connected_has_nothing_to_abort(self) -> None:
        wire = RedisWire.made({"connection_class": HandConnection})
        run(wire.close())
        assert wire._connection.notes == ["disconnect"]

    def test_a_parents_is_kept_from_its_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        kept: list[object] = []
        monkeypatch.setattr(module, "_abandoned", kept)
        wire = RedisWire.made({"connection_class": HandConnection})
        wire.abandon()
        assert kept == [wire._connection]
        assert wire._connection.notes == []


class TestBoth:
    """Whichever ends first ends the others, which have ended when it returns."""

    def test_one_that_ends(self) -> None:
        ended: list[str] = []

        async def wait(name: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                ended.append(name)

        async def main() -> None:
            await both(wait("a"), asyncio.sleep(0), wait("b"))
            assert sorted(ended) == ["a", "b"]

        run(main())

    def test_one_that_fails(self) -> None:
        async def fail() -> None:
            raise EOFError

        async def wait() -> None:
            try:
                await asyncio.Event().wait()
            finally:
                raise ZeroDivisionError  # is nobody's to hear: it was to end

        async def main() -> None:
            for order in ([wait, fail], [fail, wait]):
                with pytest.raises(EOFError):
                    await both(*(each() for each in order))

        run(main())

    def test_one_that_fails_beside_one_that_ends(self) -> None:
        async def end() -> int:
            return 7

        async def fail() -> None:
            raise EOFError

        async def main() -> None:
            with pytest.raises(EOFError):
                await both(end(), fail(), asyncio.Event().wait())

        run(main())

    def test_whoever_waits_is_cancelled(self) -> None:
        async def main() -> None:
            tasks = [asyncio.ensure_future(asyncio.Event().wait()) for _ in range(2)]
            waiting = asyncio.ensure_future(both(*tasks))
            await turns()
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert all(each.cancelled() for each in tasks)

        run(main())
