"""Addresses of a Redis: what redis-py is to connect to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.bus.redis_server import MISSING
from tornkit.bus_url import BadBusURL

pytestmark = pytest.mark.skipif(bool(MISSING), reason=MISSING)


def address(url: str) -> Any:
    from tornkit.bus.links.redis.address import RedisAddress

    return RedisAddress(url)


def options(made: Any) -> dict[str, Any]:
    found: dict[str, Any] = asyncio.run(made.options())
    return found


@pytest.mark.parametrize(
    ("url", "wanted", "base"),
    [
        ("redis://localhost", {"host": "localhost"}, "{tornkit}:0:"),
        ("redis://u:p%40@h:1/2", {"username": "u", "password": "p@", "port": 1}, "{tornkit}:2:"),
        ("unix:///a/b.sock?db=3&prefix=x", {"path": "/a/b.sock"}, "{x}:3:"),
        ("redis://[::1]:7/?prefix=a.b", {"host": "::1", "port": 7}, "{a.b}:0:"),
    ],
)
def test_its_url(url: str, wanted: dict[str, Any], base: str) -> None:
    made = address(url)
    assert options(made).items() >= wanted.items()
    assert "prefix" not in options(made)
    assert made.base == base


def test_several_hosts_are_tried_in_turn() -> None:
    made = address("redis://:p@a:1,b:2/0")
    found = [options(made) for _ in range(3)]
    assert [(each["host"], each["port"]) for each in found] == [("a", 1), ("b", 2), ("a", 1)]
    assert {each["password"] for each in found} == {"p"}


def test_another_node_of_a_cluster_is_tried_once() -> None:
    made = address("rediss://a:1")
    options(made)
    made.moved("3999 10.0.0.7:6381")
    assert (options(made)["host"], options(made)["host"]) == ("10.0.0.7", "a")
    made.moved("3999 :6381")  # the same host
    found = options(made)
    assert (found["host"], found["port"]) == ("a", 6381)
    made.moved("3999")
    assert options(made)["port"] == 1


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("redis://a/0?prefix=", "prefix"),
        ("redis://a/0?prefix=a{b}", "prefix"),
        ("redis://a:port/0", "port|Port"),
        ("redis+sentinel://a:26379", "names no master"),
        ("redis+sentinel://a:x/name", "port|Port"),
        ("redis://a?socket_timeout=soon", "socket_timeout"),
        ("redis://a?max_connections=3", "no option max_connections$"),
        ("rediss://a?ssl_cert_reqs=never", "SSL"),
        ("redis://a/shop", "the number of a database"),
        ("redis+sentinel://a/name/shop", "the number of a database"),
        ("redis://:se/cret@a", "^in a password / . # and @ are written as"),
        ("redis://:12#45@a", "^in a password / . # and @ are written as"),
        ("redis://:12?45@a", "^in a password / . # and @ are written as"),
        ("redis://user:secret", "^the port of a host is no number, or too large$"),
    ],
)
def test_what_makes_no_sense(url: str, text: str) -> None:
    with pytest.raises(BadBusURL, match=text):
        address(url)
