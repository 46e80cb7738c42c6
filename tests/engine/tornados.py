"""Marks for tests of what not each Tornado does that the engine knows."""

from __future__ import annotations

import pytest

from tornkit.engine.fidelity import variants

LIMITED_QUERIES = pytest.mark.skipif(
    not variants.QUERY_LIMITED, reason="this Tornado lets a query have any number of fields"
)
