"""A broker elsewhere, by its URL: Redis or NATS."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Callable

from tornkit.bus.errors import BusError
from tornkit.bus.links.link import BrokerLink, MessageReceiver
from tornkit.bus_limits import BusLimits
from tornkit.bus_url import BadBusURL, package_of, shown

_Link = Callable[[asyncio.AbstractEventLoop, MessageReceiver, str, BusLimits], BrokerLink]


def link_to(
    url: str, loop: asyncio.AbstractEventLoop, receiver: MessageReceiver, limits: BusLimits
) -> BrokerLink:
    """A link to the broker at a URL; it connects by itself.

    :raises BusError: no broker has such a URL, or what speaks with it is not installed.
    """
    try:
        return _link_class(url)(loop, receiver, url, limits)
    except ValueError as error:
        raise BusError(f"the bus at {shown(url)}: {error}") from None


def prepare(url: str | None) -> None:
    """Import the library that speaks with a broker, so that the first request needs not wait.

    :raises BusError: as `link_to`.
    """
    if url:
        try:
            _link_class(url)
        except BadBusURL as error:
            raise BusError(str(error)) from None


def _link_class(url: str) -> _Link:
    name = package_of(url)
    if importlib.util.find_spec(name) is None:
        raise BusError(f"a bus by {name} needs: pip install 'tornkit[{name}]'")
    # By need only: neither is installed with tornkit.
    try:
        if name == "redis":
            from tornkit.bus.links.redis.link import RedisLink

            return RedisLink
        from tornkit.bus.links.nats.link import NatsLink

        # Which it imports when it connects.
        importlib.import_module("tornkit.bus.links.nats.client")
        return NatsLink
    except ImportError as error:  # a redis.py of the user's own, say
        raise BusError(
            f"a bus by {name} needs: pip install 'tornkit[{name}]'; what is there under this name "
            f"({_origin(name)}) is another, or too old: {error}"
        ) from None


def _origin(name: str) -> str:
    spec = importlib.util.find_spec(name)
    return "" if spec is None else spec.origin or "a folder"
