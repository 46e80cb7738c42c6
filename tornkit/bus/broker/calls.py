"""Calls of the store by method name, with JSON values, as they come from other processes."""

from __future__ import annotations

from typing import Any

from tornkit.bus.broker.broker import Broker
from tornkit.bus.errors import BusError


def call_store(broker: Broker, method: str, arguments: list[Any]) -> Any:
    """Call a method of the broker's store; the result is a JSON value, bytes as Latin-1.

    :raises BusError: the store refuses it.
    """
    now, store = broker.now(), broker.store
    match method, arguments:
        case "get", [str(key)]:
            value = store.get(key, now)
            return None if value is None else value.decode("latin1")
        case "set", [str(key), str(value), seconds, bool(only_new)]:
            ends = None if seconds is None else now + seconds
            return store.set(key, value.encode("latin1"), ends, now, only_new=only_new)
        case "delete", [str(key), only]:
            return store.delete(key, now, only=None if only is None else only.encode("latin1"))
        case "increment", [str(key), int(by), seconds]:
            return store.increment(key, by, None if seconds is None else now + seconds, now)
        case "renew", [str(key), str(only), int(seconds) | float(seconds)]:
            return store.renew(key, only.encode("latin1"), now + seconds, now)
        case _:
            raise BusError(f"the store has no {method!r} of {len(arguments)} arguments")
