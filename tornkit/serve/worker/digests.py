"""Keyed digests (HMAC) of cookie secrets and routes, which have to be the same in all workers.

Each worker sends them with `Ready`; the supervisor compares. The key is the supervisor's own and
new each time, so a digest in a log or a core dump leads nobody to a secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from typing import Any

from tornado.web import Application

COOKIE_SECRET = "cookie_secret"  # noqa: S105 - the setting's name
ROUTES = "routes"


def digests(applications: Iterable[Application], key: bytes) -> dict[str, str]:
    """Digests of the secrets and of the routing tables of a worker's applications, if any."""
    found: dict[str, str] = {}
    known = sorted(applications, key=lambda application: sorted(_routes(application)))
    secrets = [application.settings.get(COOKIE_SECRET) for application in known]
    if any(secret is not None for secret in secrets):
        found[COOKIE_SECRET] = _digest(key, repr([_canonical(secret) for secret in secrets]))
    if known:
        found[ROUTES] = _digest(key, repr([list(_routes(application)) for application in known]))
    return found


def _digest(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()


def _canonical(secret: object) -> object:
    """Secret in a form to compare: key versions (`create_signed_value`) are a sorted list."""
    return sorted(secret.items()) if isinstance(secret, dict) else secret


def _routes(application: Application) -> Iterator[str]:
    yield from _rules(getattr(application, "default_router", None), "")


def _rules(router: object, prefix: str) -> Iterator[str]:
    """One line for each routing rule: its pattern and its target's name, alike in all processes."""
    for rule in getattr(router, "rules", ()):
        matcher = rule.matcher
        pattern: Any = getattr(matcher, "regex", None) or getattr(matcher, "host_pattern", None)
        shown = f"{prefix} {type(matcher).__name__} {getattr(pattern, 'pattern', '')}"
        target = rule.target
        yield f"{shown} -> {getattr(target, '__qualname__', type(target).__qualname__)}"
        yield from _rules(target, shown)
