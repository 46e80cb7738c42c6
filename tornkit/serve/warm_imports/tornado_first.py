"""Imports Tornado before anything of ours, and knows what that brings along.

These modules are in sight of each worker from its start; what tornkit has imported for itself is
not (`tornkit.serve.warm_imports.warm_modules`).
"""

from __future__ import annotations

import sys

# The first registers an exit handler, harmless in a fork: it joins threads that are not there.
import tornado.platform.asyncio
import tornado.web
import tornado.websocket  # noqa: F401

WITH_TORNADO = frozenset(sys.modules)
