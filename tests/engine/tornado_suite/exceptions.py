"""Which of Tornado's tests may fail with another server, and why.

At most ``LIMIT``, none about security. One that passes all the same is reported as stale and fails
the run: the list can only shrink by itself, never hide what has begun to work.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

LIMIT = 5

# "tornado.test.module.Class.test_name" -> the reason, in a sentence.
EXCEPTIONS: Mapping[str, str] = MappingProxyType({})
