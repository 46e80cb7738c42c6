"""What `tornkit bus publish` makes of DATA, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.bus.commands import run
from tornkit.bus.errors import BadName, BusError


@pytest.mark.parametrize(
    ("arguments", "given", "value"),
    [
        (("{}",), None, {}),
        (("42",), None, 42),
        (("hello",), None, "hello"),
        (("NaN",), None, "NaN"),
        (("[1, -Infinity]",), None, "[1, -Infinity]"),
        (("\udcff", "--bytes"), None, b"\xff"),
        (("[" * 100_000,), None, "[" * 100_000),
        (("é",), None, "é"),
        (("--text", "42"), None, "42"),
        (("--bytes", "42"), None, b"42"),
        (("--", "-5"), None, -5),
        (("-",), b"[1, 2]\n", [1, 2]),
        (("-",), b"a\nb\r\n", "a\nb"),
        (("-",), b"a\n\n", "a\n"),
        (("-",), b"", ""),
        (("--text", "a\n"), None, "a\n"),
        (("-", "--text"), b"42\n", "42"),
        (("-", "--bytes"), b"\xff\n", b"\xff\n"),
    ],
)
def test_data(published: list[Any], arguments: tuple[str, ...], given: bytes, value: Any) -> None:
    result = run("publish", "a", *arguments, given=given)
    assert (result.exit_code, result.output) == (0, "e-1\n")
    assert published == [("a", value)]


@pytest.mark.parametrize(
    ("data", "given"), [("-", b"\xff"), ("\udcff", None)], ids=["input", "word"]
)
def test_what_is_no_text(published: list[Any], data: str, given: bytes | None) -> None:
    result = run("publish", "a", data, given=given)
    assert (result.exit_code, published) == (1, [])
    assert result.stderr == ("error: that is no text in UTF-8; --bytes publishes it as it is\n")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--text", "--bytes", "a", "1"), "--text and --bytes exclude each other"),
        (("a:*", "1"), "a:* is a pattern; a message goes to one channel, without a *"),
    ],
)
def test_what_can_not_be_is_refused_before_a_server_is_asked(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], says: str
) -> None:
    monkeypatch.setattr("tornkit.cli.bus.place.the_one", lambda pid: pytest.fail("it was asked"))
    result = run("publish", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"error: {says}\n" in result.stderr


class PublishingMembership:
    """In the place of a membership: takes a message, or fails, and is closed."""

    def __init__(self, publish: Callable[..., Any]) -> None:
        self.bus = self
        self.publish = publish
        self.is_closed = False

    async def run(self, work: Any) -> Any:
        return await work

    def close(self) -> None:
        self.is_closed = True


def test_a_broker_s_url_goes_before_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[tuple[str, Any]] = []
    places: list[object] = []

    async def publish(channel: str, value: Any) -> str:
        taken.append((channel, value))
        return "e-7"

    membership = PublishingMembership(publish)

    def membership_at(place: object) -> PublishingMembership:
        places.append(place)
        return membership

    monkeypatch.setattr("tornkit.cli.bus.membership.membership_at", membership_at)
    result = run("publish", "--bus", "redis://127.0.0.1", "a", "{}")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "e-7\n", "")
    assert (places, taken) == (["redis://127.0.0.1"], [("a", {})])
    assert membership.is_closed


@pytest.mark.parametrize(
    ("error", "code"), [(BadName("no name"), 2), (BusError("the message is too large"), 1)]
)
def test_what_the_bus_refuses_is_one_line(
    monkeypatch: pytest.MonkeyPatch, error: BusError, code: int
) -> None:
    async def publish(channel: str, value: Any) -> str:
        raise error

    membership = PublishingMembership(publish)
    monkeypatch.setattr("tornkit.cli.bus.membership.membership_at", lambda place: membership)
    result = run("publish", "--bus", "redis://127.0.0.1", "a", "1")
    assert (result.exit_code, result.stdout) == (code, "")
    assert f"error: {error}\n" in result.stderr
    assert membership.is_closed
