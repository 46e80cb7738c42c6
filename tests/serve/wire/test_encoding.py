"""Every message survives the journey; what is no message is a ValueError."""

from __future__ import annotations

import json
from typing import get_args

import pytest

from tornkit.serve.wire import messages
from tornkit.serve.wire.encoding import decode, encode
from tornkit.serve.wire.messages import (
    Adopt,
    Answered,
    Boot,
    Claim,
    Closed,
    Differs,
    Drain,
    ErrorShown,
    Exited,
    Failed,
    Follows,
    Fork,
    Forked,
    Go,
    Grant,
    Handover,
    HostBus,
    Learned,
    Lesson,
    Loaded,
    Message,
    Offer,
    OpenInEditor,
    Prepare,
    Ready,
    Refresh,
    ReopenLogs,
    Trying,
    Unfit,
    Warm,
    Warmed,
)

EXAMPLES: list[Message] = [
    Prepare(orders={"port": None, "nested": {"names": ["a", "ü"]}}),
    Boot(slot=3, generation=7),
    Boot(slot=3, generation=7, lesson=Lesson(serves="imported", not_http=(9999, 25))),
    Boot(
        slot=1, generation=2, offers=(Offer(Claim(port=80, scheme="https"), 2), Offer(Claim(), 1))
    ),
    Learned(Lesson(serves="called")),
    Learned(Lesson(not_http=(9999,))),
    Grant(),
    Grant(errno=98, reason="port 80 of all addresses is taken"),
    Go(),
    Drain(timeout=2.5, successor=True),
    Drain(timeout=2.5, successor=False, final=True),
    Refresh(),
    ReopenLogs(),
    Adopt(unread=b"GET / HTTP/1.1\r\n\r\n"),
    Adopt(unread=b""),
    Claim(),
    Claim(port=8888, address="::1", family=10, backlog=5, flags=1, occurrence=2),
    Claim(unix_path="/tmp/ü.sock", unix_mode=0o660),
    Claim(unix_path="\0abstract"),
    Ready(),
    Ready(files=("/a.py", "/b.py"), folders=("/templates",), digests={"routes": "ab"}),
    Ready(claims=(Claim(port=8888), Claim(unix_path="/tmp/a.sock"))),
    Loaded(sources={"/a.py": "1.5:20"}, names={"a": "/a.py"}),
    Failed("AppRaised", "importing app failed: KeyError: 'x'", 'File "app.py", line 1\n  x\n'),
    Differs({"prometheus_client": "depends on the variable DIR"}),
    Closed(),
    Handover(unread=bytes(range(256))),
    Boot(slot=0, generation=0, stands_in=True),
    Failed("AppRaised", "no db", shown={"frames": [{"line": 3, "source": [[1, "x", True]]}]}),
    Follows(),
    Follows(of_server=True),
    Answered(rows=((1.5, 200, "GET /", 0.5, "Main.get", "app.py:3"), (2.5, 404, "", 1.0, "", ""))),
    ErrorShown(shown={"id": "request-1", "frames": []}),
    OpenInEditor(failure="start-1", frame=0),
    HostBus({"history": 7, "history_age": 1.5}),
    Warm(modules=("json", "html")),
    Fork(environment={"PATH": "/bin", "ODD": "\udcff"}),
    Trying(module="numpy"),
    Warmed(modules=214),
    Warmed(modules=214, unsafe=(("grpc", "starts a thread"), ("polars", "opens a file"))),
    Forked(pids=(4, 5)),
    Unfit(reason="two threads", stale=True),
    Exited(pid=7, status=-9),
]


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_round_trip(message: Message) -> None:
    result = decode(encode(message))
    assert result == message
    assert type(result) is type(message)


def test_the_examples_cover_every_message() -> None:
    assert {type(message) for message in EXAMPLES} == set(get_args(messages.Message))


def test_types_are_the_ones_that_were_sent() -> None:
    ready = decode(encode(Ready(files=("/a.py",))))
    assert isinstance(ready, Ready)
    assert isinstance(ready.files, tuple)
    handover = decode(encode(Handover(b"\xff\x00")))
    assert isinstance(handover, Handover)
    assert isinstance(handover.unread, bytes)
    claim = decode(encode(Claim(port=1)))
    assert hash(claim) == hash(Claim(port=1))  # a claim is a key


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_is_one_json_object_with_its_type(message: Message) -> None:
    content = json.loads(encode(message))
    assert content["type"] == type(message).__name__


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"GET / HTTP/1.1",
        b"\xff\xfe\x00",
        b"[]",
        b"12",
        b'"Go"',
        b"null",
        b"{}",
        b'{"type": "Bang"}',
        b'{"type": []}',
        b'{"type": null}',
        b'{"type": "object"}',
    ],
)
def test_not_a_message(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own texts among them
        decode(data)


def test_an_unknown_type_is_shown_but_not_at_length() -> None:
    with pytest.raises(ValueError, match=r"not a message: b'.*Bang") as caught:
        decode(json.dumps({"type": "Bang", "x": "y" * 10_000}).encode())
    assert len(str(caught.value)) < 200


def test_unknown_field() -> None:
    with pytest.raises(ValueError, match=r"Go has no \{'speed'\}"):
        decode(b'{"type": "Go", "speed": 9}')


@pytest.mark.parametrize(
    "data",
    [
        b'{"type": "Ready", "claims": [{"speed": 9}]}',
        b'{"type": "Ready", "claims": [7]}',
        b'{"type": "Boot", "slot": 0, "generation": 1, "offers": [{"claim": {"port": 1}}]}',
        b'{"type": "Boot", "slot": 0, "generation": 1, "offers": [{"claim": 7, "count": 1}]}',
    ],
)
def test_what_stands_in_a_message_is_no_other(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - Python's own texts
        decode(data)


def test_missing_field() -> None:
    with pytest.raises(ValueError, match="successor"):
        decode(b'{"type": "Drain", "timeout": 1}')


def test_broken_base64() -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - binascii's text is its own
        decode(b'{"type": "Adopt", "unread": {"base64": "a"}}')
