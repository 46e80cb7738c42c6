"""What waits to be sent, over a socket pair."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.engine.serving import EITHER_LOOP, turns, until
from tornkit.engine.transport.outbox import Outbox

pytestmark = EITHER_LOOP


@dataclass
class Pair:
    """Two ends; what happens to the outbox of one is noted."""

    ours: socket.socket
    theirs: socket.socket
    told: list[object] = field(default_factory=list)

    def outbox(self, data: bytes) -> Outbox:
        return Outbox(
            self.ours,
            asyncio.get_running_loop(),
            memoryview(data),
            emptied=lambda: self.told.append("emptied"),
            broken=lambda error: self.told.append("broken"),
        )

    async def read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += await asyncio.get_running_loop().sock_recv(self.theirs, size - len(data))
        return data


@contextlib.contextmanager
def pair() -> Iterator[Pair]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        yield Pair(ours, theirs)


async def test_everything_goes_in_order_and_everybody_is_told_in_time() -> None:
    sizes = [50_000, 1, 4096, 4097, 0, 300_000, 2, 3]
    pieces = [bytes((65 + at,)) * size for at, size in enumerate(sizes)]
    with pair() as here:
        outbox = here.outbox(pieces[0])
        total = sizes[0]
        outbox.wait(lambda sent: here.told.append((0, sent)))
        for at, piece in enumerate(pieces[1:], 1):
            outbox.add(piece)
            total += len(piece)
            outbox.wait(lambda sent, at=at: here.told.append((at, sent)))  # type: ignore[misc]
        assert len(outbox) == total
        await turns()
        assert here.told == []
        for at, piece in enumerate(pieces):
            assert await here.read(len(piece)) == piece
            if at < 6:
                assert "emptied" not in here.told
        await until(lambda: here.told[-1] == "emptied")
        assert here.told[:-1] == [(at, True) for at in range(len(pieces))]
        assert len(outbox) == 0


async def test_small_pieces_are_joined() -> None:
    with pair() as here:
        outbox = here.outbox(b"x" * 50_000)
        for _ in range(10_000):
            outbox.add(b"yz")
        assert len(outbox._pieces) < 10
        assert outbox.rest() == b"x" * 50_000 + b"yz" * 10_000
        assert await here.read(70_000) == b"x" * 50_000 + b"yz" * 10_000
        await until(lambda: here.told == ["emptied"])


async def test_large_pieces_are_not_copied() -> None:
    with pair() as here:
        large = b"y" * 1_000_000
        outbox = here.outbox(b"x" * 50_000)
        outbox.add(large)
        assert any(piece is large for piece in outbox._pieces)
        outbox.stop()


async def test_who_stops_it_gets_what_is_left_and_who_waits() -> None:
    with pair() as here:
        outbox = here.outbox(b"x" * 50_000)
        outbox.add(b"y" * 5)
        outbox.wait(here.told.append)
        got = await here.read(10_000)
        await turns()
        rest = outbox.rest()
        [waiter] = outbox.stop()
        got += await here.read(50_005 - len(got) - len(rest))
        assert got + rest == b"x" * 50_000 + b"y" * 5
        await turns()
        assert here.told == []
        waiter(False)
        assert here.told == [False]


async def test_a_broken_socket_is_told_of() -> None:
    with pair() as here:
        outbox = here.outbox(b"x" * 500_000)
        here.theirs.close()
        await until(lambda: "broken" in here.told)
        outbox.stop()
