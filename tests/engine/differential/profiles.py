"""Which applications are served with which options: each is a server of its own.

A case names one. Small limits make the requests that meet them small, so that they are tried often
and shrink well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tests.engine.differential import apps


@dataclass(frozen=True)
class Profile:
    """An application and its server's options. ``weight``: how often generated cases use it."""

    name: str
    app: Callable[[apps.Journal], Any]
    options: Mapping[str, Any] = field(default_factory=dict)
    weight: int = 1
    # Answers within the turn in which a request is whole: only then is it certain what becomes
    # of a request whose client ends its side at the same moment.
    is_immediate: bool = True


_LIMITS = {"max_header_size": 400, "max_body_size": 60, "chunk_size": 16}

_ALL = (
    Profile("web", apps.web(apps.Echo), weight=8),
    Profile("blind", apps.web(apps.Blind), weight=3),
    Profile("callback", apps.callback, weight=2),
    Profile("delegate", apps.delegates(apps.Recorder), weight=3),
    Profile("failing", apps.delegates(apps.Failing)),
    Profile("slow", apps.web(apps.Slow), weight=2, is_immediate=False),
    Profile("stream", apps.web(apps.Streamed), weight=2, is_immediate=False),
    Profile("early", apps.web(apps.Early), is_immediate=False),
    Profile("socket", apps.web(apps.EchoSocket), is_immediate=False),
    Profile("gzip", apps.web(apps.Echo), {"decompress_request": True}),
    Profile(
        "gzip-limits",
        apps.delegates(apps.Recorder),
        {**_LIMITS, "decompress_request": True},
        is_immediate=False,
    ),
    Profile("proxy", apps.web(apps.Echo), {"xheaders": True, "trusted_downstream": ["10.0.0.1"]}),
    Profile("limits", apps.web(apps.Echo), _LIMITS, weight=2),
    Profile("limits-stream", apps.web(apps.Streamed), _LIMITS, is_immediate=False),
    Profile("once", apps.web(apps.Echo), {"no_keep_alive": True}),
    Profile("https", apps.callback, {"protocol": "https"}),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.name: profile for profile in _ALL})
