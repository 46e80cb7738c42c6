"""Both protocols, the same bytes: what the client got, the handler was told and the log says."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterator

import pytest

from tests.engine.websocket.playing import (
    BINARY,
    CLOSE,
    PING,
    PONG,
    TEXT,
    Noting,
    Waiting,
    closing,
    frame,
    play,
    run,
)

LOOPS = pytest.mark.parametrize(
    "loop", ["asyncio", pytest.param("uvloop", marks=pytest.mark.thorough)]
)
HANDLERS = pytest.mark.parametrize("handler", [Noting, Waiting])
DEFLATE = "Sec-WebSocket-Extensions: permessage-deflate"
LIMIT = 2000  # bytes of a message


def alike(pieces: list[bytes], loop: str, handler: type[Noting] = Noting, *headers: str) -> None:
    """Fail where the two differ; on failure pytest shows both."""

    async def both() -> None:
        compression = {"compression_level": 6} if headers else None
        told = {"websocket_max_message_size": LIMIT, "compression": compression}
        tornado = await play(False, pieces, handler, *headers, **told)
        engine = await play(True, pieces, handler, *headers, **told)
        assert not tornado.wrong + engine.wrong
        assert tornado == engine, b" ".join(pieces)

    run(both, loop)


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


SEQUENCES = {
    "a text": frame(TEXT, b"hello"),
    "an empty text": frame(TEXT),
    "an empty binary": frame(BINARY),
    "two at once": frame(TEXT, b"one") + frame(BINARY, b"two"),
    "one that is not masked": frame(TEXT, b"plain", mask=None),
    "of 125 bytes": frame(TEXT, b"x" * 125),
    "of 126 bytes": frame(TEXT, b"x" * 126),
    "the longest": frame(TEXT, b"x" * LIMIT),
    "too long by one": frame(TEXT, b"x" * (LIMIT + 1)),
    "too long by far": frame(BINARY, b"x" * 70000),
    "fragments too long together": frame(TEXT, b"x" * 1500, final=False) + frame(0, b"x" * 501),
    "long in 8 bytes": b"\x82\xff" + (3).to_bytes(8, "big") + b"\0\0\0\0abc",
    "fragments": frame(TEXT, b"a", final=False) + frame(0, b"b", final=False) + frame(0, b"c"),
    "a ping between fragments": frame(TEXT, b"a", final=False) + frame(PING, b"?") + frame(0, b"c"),
    "nothing to continue": frame(0, b"c"),
    "a text between fragments": frame(TEXT, b"a", final=False) + frame(TEXT, b"b"),
    "a fragment between fragments": frame(TEXT, b"a", final=False)
    + frame(BINARY, b"b", final=False),
    "half a letter in each fragment": frame(TEXT, b"\xc3", final=False) + frame(0, b"\xa4"),
    "no UTF-8": frame(TEXT, b"\xff\xfe"),
    "any bytes as binary": frame(BINARY, bytes(range(256))),
    "a ping": frame(PING, b"data"),
    "many pings": b"".join(frame(PING, b"%d" % each) for each in range(40)),
    "a pong": frame(PONG, b"unasked"),
    "a long ping": frame(PING, b"x" * 126),
    "a ping in fragments": frame(PING, b"x", final=False),
    "an unknown opcode": frame(3, b"x"),
    "an unknown control opcode": frame(11, b"x"),
    "RSV1 without deflate": frame(TEXT, b"x", reserved=4),
    "RSV2": frame(TEXT, b"x", reserved=2),
    "RSV3 in a ping": frame(PING, b"x", reserved=1),
    "closing": closing(1000, b"done"),
    "closing without a code": frame(CLOSE),
    "closing with half a code": frame(CLOSE, b"\x03"),
    "closing with a reason that is no UTF-8": closing(1000, b"\xff"),
    "closing with a code that is none": closing(7),
    "something behind the close": closing(1001) + frame(TEXT, b"late"),
    "an error of the handler": frame(TEXT, b"fail") + frame(TEXT, b"after"),
    "the handler closes": frame(TEXT, b"bye!") + frame(TEXT, b"after") + closing(4001),
    "an end in a head": frame(TEXT, b"x" * 300)[:3],
    "an end in a payload": frame(TEXT, b"abc")[:-1],
    "text and an end": frame(TEXT, b"abc"),
}

COMPRESSED = {
    "deflated": frame(TEXT, deflated(b"hello " * 20), reserved=4),
    "not deflated all the same": frame(TEXT, b"hello"),
    "deflated in fragments": frame(TEXT, deflated(b"hello")[:3], reserved=4, final=False)
    + frame(0, deflated(b"hello")[3:]),
    "RSV1 in a continuation": frame(TEXT, b"a", final=False) + frame(0, b"b", reserved=4),
    "a ping between deflated fragments": frame(TEXT, deflated(b"hi")[:2], reserved=4, final=False)
    + frame(PING)
    + frame(0, deflated(b"hi")[2:]),
    "a deflated ping": frame(PING, deflated(b"hi"), reserved=4),
    "nonsense": frame(TEXT, b"\xff" * 20, reserved=4),
    "too long inside": frame(BINARY, deflated(b"\0" * (LIMIT + 1)), reserved=4),
    "the longest inside": frame(BINARY, deflated(b"\0" * LIMIT), reserved=4),
    "nothing": frame(TEXT, b"", reserved=4),
    "two, in one context": frame(TEXT, deflated(b"same"), reserved=4) * 2,
    "deflated, no UTF-8": frame(TEXT, deflated(b"\xff"), reserved=4),
}
OFFERS = (
    DEFLATE,
    f"{DEFLATE}; server_no_context_takeover; client_no_context_takeover",
    f"{DEFLATE}; server_max_window_bits=9; client_max_window_bits=12",
)


@LOOPS
@HANDLERS
@pytest.mark.parametrize("name", SEQUENCES)
def test_both_do_the_same_with(name: str, handler: type[Noting], loop: str) -> None:
    data = SEQUENCES[name]
    alike([data], loop, handler)
    if len(data) < 60:
        alike([bytes((byte,)) for byte in data], loop, handler)


@LOOPS
@pytest.mark.parametrize("offer", OFFERS)
@pytest.mark.parametrize("name", COMPRESSED)
def test_both_do_the_same_deflated_with(name: str, offer: str, loop: str) -> None:
    data = COMPRESSED[name]
    alike([data], loop, Noting, offer)
    if len(data) < 60:
        alike([bytes((byte,)) for byte in data], loop, Waiting, offer)


@LOOPS
def test_both_do_the_same_split_at_each_byte(loop: str) -> None:
    data = (
        frame(TEXT, b"x" * 126)
        + frame(PING, b"!")
        + frame(BINARY, b"a", final=False)
        + frame(0, b"b")
        + closing(1000, b"ok")
    )
    for place in (*range(12), *range(120, len(data))):  # all but the middle of the long payload
        alike([data[:place], data[place:]], loop)


@LOOPS
def test_both_do_the_same_cut_off_at_each_byte(loop: str) -> None:
    data = frame(TEXT, b"word", final=False) + frame(PING, b"!") + frame(0, b"b" * 130)
    for place in range(0, len(data), 3):
        alike([data[:place]], loop)


# ---- made at random ----


def _payload(rng: random.Random, deflate: bool) -> tuple[bytes, int]:
    """A payload, and the reserved bits that go with it."""
    kind = rng.random()
    size = rng.choice((0, 1, 4, 125, 126, 300, 1000, LIMIT, LIMIT + 1))
    if kind < 0.1:
        return rng.randbytes(size), 0
    if kind < 0.2:
        return rng.choice((b"fail", b"bye!")) + b"x" * (size % 9), 0
    data = "häßlich ".encode() * (size // 9 + 1)
    if deflate and kind < 0.7:
        return deflated(data), 4
    return data, 0


def _frames(rng: random.Random, deflate: bool) -> Iterator[bytes]:
    mask = rng.randbytes(4) if rng.random() < 0.9 else None
    for _ in range(rng.randint(1, 6)):
        payload, reserved = _payload(rng, deflate)
        kind = rng.random()
        if kind < 0.5:
            yield frame(rng.choice((TEXT, BINARY)), payload, reserved=reserved, mask=mask)
        elif kind < 0.75:
            place = rng.randint(0, len(payload))
            opcode = rng.choice((TEXT, BINARY))
            yield frame(opcode, payload[:place], reserved=reserved, final=False, mask=mask)
            if rng.random() < 0.4:
                yield frame(rng.choice((PING, PONG)), payload[: rng.randint(0, 20)], mask=mask)
            yield frame(0, payload[place:], mask=mask)
        elif kind < 0.9:
            yield frame(rng.choice((PING, PONG)), payload[:125], mask=mask)
        elif kind < 0.95:
            yield frame(rng.randrange(16), payload[:100], final=rng.random() < 0.7, mask=mask)
        else:
            yield closing(rng.choice((1000, 1001, 4000, 3)), payload[:20])


def _made_up(seed: int) -> tuple[list[bytes], bool]:
    """Pieces to be sent, and whether deflate is agreed upon."""
    rng = random.Random(seed)
    deflate = rng.random() < 0.4
    data = bytearray(b"".join(_frames(rng, deflate)))
    if rng.random() < 0.3:
        for _ in range(rng.randint(1, 3)):
            data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    if rng.random() < 0.2:
        del data[rng.randrange(len(data)) :]
    kind = rng.random()
    if kind < 0.1 and len(data) < 300:
        return [bytes((byte,)) for byte in data], deflate
    places = sorted(rng.randrange(len(data) + 1) for _ in range(int(kind * 5)))
    return [
        bytes(data[start:end])
        for start, end in zip([0, *places], [*places, len(data)], strict=True)
    ], deflate


def _fuzz(seeds: range, loop: str) -> None:
    for seed in seeds:
        pieces, deflate = _made_up(seed)
        handler = Waiting if seed % 3 == 0 else Noting
        alike(pieces, loop, handler, *([OFFERS[seed % len(OFFERS)]] if deflate else []))


@LOOPS
def test_both_do_the_same_with_frames_made_at_random(loop: str) -> None:
    _fuzz(range(120), loop)


@LOOPS
@pytest.mark.thorough
@pytest.mark.timeout(600)
def test_both_do_the_same_with_many_frames_made_at_random(loop: str) -> None:
    _fuzz(range(1000, 3000), loop)
