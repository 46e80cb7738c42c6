"""URLs of a broker for `tornkit.bus`: which there are, and how they are shown.

By itself, so that the command line can judge a URL without an import of the bus.
"""

from __future__ import annotations

REDIS = ("redis", "rediss", "unix", "redis+sentinel", "rediss+sentinel")
NATS = ("nats", "tls")


class BadBusURL(ValueError):
    """URL that is not one of a broker; the text holds no password."""


def scheme_of(url: str) -> str:
    """The scheme of a broker's URL.

    :raises BadBusURL: no broker has it.
    """
    scheme, separator, place = url.partition("://")
    if not separator or not place or scheme.lower() not in REDIS + NATS:
        raise BadBusURL(
            f"{shown(url)} is no URL of a bus; write redis://HOST:6379/0, rediss://..., "
            "redis+sentinel://HOST:26379/NAME, unix:///PATH or nats://HOST:4222"
        )
    return scheme.lower()


def package_of(url: str) -> str:
    """Package that speaks with the broker: ``redis`` or ``nats``, also tornkit's extra.

    :raises BadBusURL: no broker has such a URL.
    """
    return "redis" if scheme_of(url) in REDIS else "nats"


def shown(url: str) -> str:
    """The URL without what may be secret: users, passwords, options."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return repr(url.rpartition("@")[2])
    if "@" in rest.partition("?")[2]:
        return f"{scheme}://..."  # of a password with a ?, or of an option
    # A password may have any character; what is behind the last @ is a place.
    _, is_behind, place = rest.rpartition("@")
    hosts = place.partition("?")[0]
    return f"{scheme}://{hosts if is_behind else ','.join(map(_host_shown, hosts.split(',')))}"


def _host_shown(text: str) -> str:
    """A host, its port left out if that is no number: maybe a password whose @ is missing."""
    host, slash, path = text.partition("/")
    name, colon, port = host.rpartition(":")
    if not colon or port.isdecimal() or host.endswith("]"):
        return text
    return f"{name}:...{slash}{path}"
