"""Addresses of a Redis: what its URL says, a sentinel's word, or another node of a cluster."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.sentinel import MasterNotFoundError, Sentinel
from redis.exceptions import RedisError

from tornkit.bus.links.redis.wire import RedisWire
from tornkit.bus_url import BadBusURL

_PREFIX = re.compile(r"[A-Za-z0-9_.:-]{1,64}", re.ASCII)
_UNKNOWN_OPTION = re.compile(r"unexpected keyword argument '(\w+)'")
_PATIENCE = 5.0  # seconds, for a sentinel or a connection
_SENTINEL = {"redis+sentinel": "redis", "rediss+sentinel": "rediss"}


class RedisAddress:
    """Address of a Redis, as its URL says, and the prefix of the bus's keys there.

    ``redis://user:password@host:6379/0``, ``rediss://`` with TLS, ``unix:///path``, each with what
    else redis-py takes; several hosts are tried in turn, with commas between them. A sentinel's is
    ``redis+sentinel://host:26379,host:26379/NAME/0``. A cluster is found by any of its nodes, and
    the bus is on one of them. ``?prefix=`` is for several buses on one Redis.

    :raises BadBusURL: it is none of these.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "unix" and "@" in parts.path + parts.query + parts.fragment:
            raise BadBusURL("in a password / ? # and @ are written as %2F %3F %23 and %40")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        prefix = query.pop("prefix", "tornkit")
        if _PREFIX.fullmatch(prefix) is None:
            raise BadBusURL("a prefix has 1 to 64 letters, digits and _ . : -")
        user, at, hosts = parts.netloc.rpartition("@")
        self._sentinels: list[tuple[str, int]] = []
        self._name = ""
        self._turn = 0
        self._moved: tuple[str, int] | None = None
        scheme, path = parts.scheme, parts.path
        if scheme in _SENTINEL:
            self._sentinels = [_host_and_port(each) for each in hosts.split(",")]
            self._name, _, database = path.strip("/").partition("/")
            database = database or "0"
            if not self._name:
                raise BadBusURL("it names no master: redis+sentinel://HOST:26379/NAME")
            scheme, hosts, path = _SENTINEL[scheme], "localhost", f"/{database}"
        if scheme != "unix" and not path.strip("/").isdecimal() and path.strip("/"):
            raise BadBusURL("behind the host stands the number of a database: redis://HOST:6379/0")
        self._options: list[dict[str, Any]] = []
        for host in hosts.split(","):
            if scheme != "unix":
                _host_and_port(host)
            each = urlunsplit((scheme, user + at + host, path, urlencode(query), ""))
            self._options.append(_options_of(each))
        database = self._options[0].get("db", 0)
        self.base = f"{{{prefix}}}:{database}:"
        """What all keys begin with."""

    async def options(self) -> dict[str, Any]:
        """Arguments for redis-py's connection to the server that is to be tried next."""
        options = dict(self._options[self._turn % len(self._options)])
        self._turn += 1
        place = self._moved
        self._moved = None  # for once: that node may be gone by the next time
        if self._sentinels:
            place = await self._master()
        if place is not None:
            options["host"], options["port"] = place
        return options

    def moved(self, text: str) -> None:
        """Note the node that a cluster redirects to, as ``SLOT HOST:PORT``; it is tried next."""
        host, colon, port = text.rpartition(" ")[2].rpartition(":")
        if colon and port.isdecimal():
            before = self._options[(self._turn - 1) % len(self._options)]
            self._moved = host or before.get("host", "localhost"), int(port)

    async def _master(self) -> tuple[str, int]:
        secure = self._options[0].get("connection_class") is SSLConnection
        sentinel = Sentinel(  # type: ignore[no-untyped-call]
            self._sentinels, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, ssl=secure
        )
        try:
            host, port = await sentinel.discover_master(self._name)
            return str(host), int(port)
        except MasterNotFoundError:  # whose text has all that redis-py knows
            raise ConnectionError(f"no sentinel answers that knows {self._name!r}") from None
        finally:
            for each in sentinel.sentinels:
                await each.aclose()


def _options_of(url: str) -> dict[str, Any]:
    try:
        options = dict(parse_url(url))
        RedisWire.made(options)
    except TypeError as error:
        name = _UNKNOWN_OPTION.search(str(error))
        if name is None:
            raise
        raise BadBusURL(f"redis-py's connections have no option {name[1]}") from None
    except (ValueError, RedisError) as error:
        raise BadBusURL(str(error)) from None
    return options


def _host_and_port(text: str) -> tuple[str, int]:
    parts = urlsplit(f"//{text}")
    try:
        return unquote(parts.hostname or "localhost"), parts.port or 26379
    except ValueError:  # whose text has the port, which may be the half of a password
        raise BadBusURL("the port of a host is no number, or too large") from None
