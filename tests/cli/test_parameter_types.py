from __future__ import annotations

import click
import pytest

from tornkit.cli.parameter_types import Address, Size, Workers


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("7", 7),
        ("2k", 2048),
        ("2K", 2048),
        ("100M", 100 << 20),
        ("1GiB", 1 << 30),
        (" 3mb ", 3 << 20),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert Size().convert(text, None, None) == size


@pytest.mark.parametrize("text", ["", "0", "k", "1.5M", "-1", "1T", "ten"])
def test_what_is_no_size(text: str) -> None:
    with pytest.raises(click.BadParameter, match="write 1048576, 512k, 100M or 2G"):
        Size().convert(text, None, None)


def test_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tornkit.serve.supervisor.cpus.usable_cpus", lambda: 6)
    assert Workers().convert("auto", None, None) == 6
    assert Workers().convert("3", None, None) == 3


@pytest.mark.parametrize("text", ["0", "-1", "two", "app.py"])
def test_what_is_no_number_of_workers(text: str) -> None:
    with pytest.raises(click.BadParameter, match="neither a number above 0 nor 'auto'"):
        Workers().convert(text, None, None)


@pytest.mark.parametrize(
    ("text", "address"),
    [("localhost", "localhost"), ("[::1]", "::1"), ("::", "::"), ("10.0.0.1", "10.0.0.1")],
)
def test_addresses(text: str, address: str) -> None:
    assert Address().convert(text, None, None) == address


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("http://x", "write the host alone"),
        ("*", r"write 0\.0\.0\.0, or :: for IPv6"),
        ("x:80", "write --address x --port 80"),
        ("[::1]:80", "write --address ::1 --port 80"),
    ],
)
def test_what_is_no_address(text: str, advice: str) -> None:
    with pytest.raises(click.BadParameter, match=advice):
        Address().convert(text, None, None)
