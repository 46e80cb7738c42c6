"""The address of a NATS bus: servers, login, and the prefix of all names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

SCHEMES = ("nats", "tls")
_PREFIX = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


@dataclass(frozen=True)
class NatsAddress:
    """Parts of a URL as ``nats://user:password@one:4222,other:4222/prefix``."""

    servers: tuple[str, ...]
    hosts: str
    """The servers as messages name them, without secrets."""
    prefix: str
    is_tls: bool
    user: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)


def address_of(url: str) -> NatsAddress:
    """Parse the URL of a NATS bus; a name alone before the ``@`` is a token.

    :raises ValueError: it is none of NATS's. The message holds no secret.
    """
    scheme, _, rest = url.partition("://")
    if scheme not in SCHEMES or not rest:
        raise ValueError("a NATS bus has a URL as nats://host:4222/prefix, or tls://")
    place, _, path = rest.partition("/")
    prefix = path.strip("/").rpartition("/")[2] or "tornkit"
    if _PREFIX.fullmatch(prefix) is None:
        raise ValueError(
            "the path of a NATS bus's URL is the prefix of its names: up to 32 letters, digits, "
            "'-' and '_'"
        )
    login, _, hosts = place.rpartition("@")
    servers = []
    for host in hosts.split(","):
        try:
            parts = urlsplit(f"{scheme}://{host}")
            is_known = bool(parts.hostname) and parts.username is None
            port = parts.port or 4222
        except ValueError:
            is_known = False
        if not is_known:
            raise ValueError(f"a NATS bus's URL has no such host: {host!r}")
        name = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
        servers.append(f"{scheme}://{name}:{port}")
    user, has_password, password = login.partition(":")
    return NatsAddress(
        servers=tuple(servers),
        hosts=",".join(each.partition("://")[2] for each in servers),
        prefix=prefix,
        is_tls=scheme == "tls",
        user=unquote(user) if has_password else None,
        password=unquote(password) if has_password else None,
        token=unquote(user) if user and not has_password else None,
    )
