"""Plugin of pytest's that is found by itself where tornkit is installed: fixtures, no test runs.

It collects and runs nothing, makes no event loop for tests and sets no policy, so it goes with
every other plugin. Loaded in each run of pytest, it imports neither Tornado nor an HTTP client
until a test asks for a fixture that needs them.
"""

from __future__ import annotations

from tornkit.testing.fixtures import (
    aclient,
    client,
    live_server,
    sign_in,
    tornkit_app,
    tornkit_loop,
    tornkit_project,
    tornkit_server,
    tornkit_visitor,
)

__all__ = [
    "aclient",
    "client",
    "live_server",
    "sign_in",
    "tornkit_app",
    "tornkit_loop",
    "tornkit_project",
    "tornkit_server",
    "tornkit_visitor",
]
