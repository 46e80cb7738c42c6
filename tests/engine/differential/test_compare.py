"""A difference is given the kind that it is of."""

from __future__ import annotations

import json

import pytest

from tests.engine.differential.compare import Difference, Kind, difference
from tests.engine.differential.outcome import Outcome


def seen(status: int = 200, extra: str = "", **record: object) -> bytes:
    body = json.dumps({"method": "GET", "uri": "/", **record})
    head = f"HTTP/1.1 {status} OK\r\nX-Seen: GET\r\n{extra}Content-Length: {len(body)}\r\n\r\n"
    return (head + body).encode()


REFUSED = b"HTTP/1.1 400 Bad Request\r\n\r\n"
GOOD = Outcome(seen(), False)
BAD = Outcome(REFUSED, True)
SILENT = Outcome(b"", True)
WAITING = Outcome(b"", False)


@pytest.mark.parametrize(
    ("reference", "candidate", "kind"),
    [
        (BAD, GOOD, Kind.ACCEPTED),
        (SILENT, GOOD, Kind.ACCEPTED),
        (Outcome(seen() + REFUSED, True), Outcome(seen() * 2, False), Kind.ACCEPTED),
        (Outcome(seen(), True), Outcome(seen() * 2, True), Kind.ACCEPTED),
        (BAD, Outcome(seen(405), False), Kind.ACCEPTED),
        (WAITING, GOOD, Kind.FRAMING),
        (GOOD, WAITING, Kind.FRAMING),
        (Outcome(seen(), False), Outcome(seen() * 2, False), Kind.FRAMING),
        (Outcome(seen(body="a"), False), Outcome(seen(body="ab"), False), Kind.FRAMING),
        (GOOD, BAD, Kind.REFUSED),
        (GOOD, SILENT, Kind.REFUSED),
        (Outcome(seen(uri="/a"), False), Outcome(seen(uri="/b"), False), Kind.SEEN),
        (Outcome(seen(405), False), GOOD, Kind.STATUS),
        (BAD, SILENT, Kind.STATUS),
        (SILENT, BAD, Kind.STATUS),
        (BAD, WAITING, Kind.STATUS),
        (GOOD, Outcome(seen(), True), Kind.CLOSED),
        (GOOD, Outcome(seen(), False, True), Kind.CLOSED),
        (GOOD, Outcome(seen(extra="X: y\r\n"), False), Kind.HEADERS),
        (GOOD, Outcome(seen().replace(b" OK", b" Fine"), False), Kind.HEADERS),
        (Outcome(b"HTTP/1.1 100 (Continue)\r\n\r\n" + seen(), False), GOOD, Kind.HEADERS),
        (GOOD, Outcome(seen().replace(b"X-Seen: ", b"X-Seen:"), False), Kind.BYTES),
        (GOOD, Outcome(seen(), False, events=("error tornado.general",)), Kind.ERROR),
        (GOOD, Outcome(seen(), False, events=("closed GET /",)), Kind.EVENTS),
    ],
)
def test_each_kind(reference: Outcome, candidate: Outcome, kind: Kind) -> None:
    found = difference(reference, candidate)

    assert found is not None
    assert found.kind is kind


def test_equal_outcomes_do_not_differ_and_dates_do_not_count() -> None:
    one = Outcome(seen(extra="Date: Mon, 01 Jan 2029 00:00:00 GMT\r\n"), False, events=("a b c",))
    other = Outcome(seen(extra="Date: Mon, 01 Jan 2029 00:00:01 GMT\r\n"), False, events=("a b c",))

    assert difference(one, other) is None
    assert one.digest() == other.digest()


def test_a_digest_tells_how_it_ended() -> None:
    ends = [Outcome(b"a", False), Outcome(b"a", True), Outcome(b"a", False, True)]

    assert len({outcome.digest() for outcome in ends}) == 3


def test_the_worst_kinds_can_not_be_explained() -> None:
    fatal = {kind for kind in Kind if kind.is_fatal}

    assert {Kind.ACCEPTED, Kind.FRAMING, Kind.CRASH, Kind.HANG, Kind.LEAK, Kind.ERROR} == fatal


def test_details_name_what_differs() -> None:
    assert difference(BAD, GOOD) == Difference(Kind.ACCEPTED, "400 (server) -> 200")
    one, other = Outcome(seen(uri="/a", host="a"), False), Outcome(seen(uri="/b", host="b"), False)
    assert difference(one, other) == Difference(Kind.SEEN, "uri, host")
    added = Outcome(seen(extra="X: y\r\nX: y\r\n"), False)
    assert difference(GOOD, added) == Difference(Kind.HEADERS, "X")
