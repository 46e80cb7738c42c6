"""Frames: what comes out is what went in, however the bytes are cut."""

from __future__ import annotations

import json
import random
import struct

import pytest

from tornkit.bus.broker.history import Kept
from tornkit.bus.links import frames


def some_frames(rng: random.Random) -> tuple[bytes, list[tuple[int, int, object]]]:
    """Bytes of frames, and what each says."""
    data = b""
    told: list[tuple[int, int, object]] = []
    for _ in range(rng.randrange(1, 30)):
        number = rng.choice([0, 1, 2**32 - 1])
        channel = rng.choice(["a", "é" * 127, "room:1"])
        payload = rng.randbytes(rng.choice([0, 1, 100, 70_000]))
        kind: int
        content: object
        match rng.randrange(3):
            case 0:
                kind, content = frames.PUBLISH, (channel, payload)
                data += frames.published(number, channel, payload)
            case 1:
                kind = rng.choice([frames.KEPT, frames.MESSAGE, frames.JOIN, frames.LEAVE])
                content = Kept(channel, rng.choice([1, 2**63]), rng.random() * 1e9, payload)
                data += frames.told(kind, number, content)
            case _:
                kind, content = frames.CALL, ["é", {"a": [1, None]}]
                data += frames.framed(kind, number, content)
        told.append((kind, number, content))
    return data, told


def read(kind: int, body: bytes) -> object:
    if kind == frames.PUBLISH:
        return frames.read_published(body)
    return json.loads(body) if kind == frames.CALL else frames.read_told(body)


@pytest.mark.parametrize("seed", range(20))
def test_cut_anywhere(seed: int) -> None:
    rng = random.Random(seed)
    data, told = some_frames(rng)
    reader = frames.FrameReader()
    found = []
    while data:
        size = rng.choice([1, 4, 9, 1000, 100_000])
        for kind, number, body in reader.feed(data[:size]):
            found.append((kind, number, read(kind, body)))
        data = data[size:]
    assert found == told


@pytest.mark.parametrize("size", [0, 4, frames.MOST + 1, 2**32 - 1])
def test_what_is_no_frame(size: int) -> None:
    with pytest.raises(ValueError, match="no frame"):
        list(frames.FrameReader().feed(struct.pack("!IBI", size, 1, 1)))
