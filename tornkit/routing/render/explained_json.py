"""Output of ``--match`` for programs: one JSON object. Keys are only ever added.

- ``version``, ``tornado``, ``app``: as in the list's document
- ``request``: ``method``; ``path`` as it is sent; ``host`` as sent and ``host_name`` as compared;
  ``headers``, the names of those given; ``notes``, in what it differs from what was typed
- ``answered``: false if it is sure that every application answers with an error
- ``applications``: one for each that the program serves, in the order of its ``listen`` calls:

  - ``answer``: the certain one, and of which step: ``verdict`` (``handler``, ``websocket``,
    ``redirect``, ``delegate``, ``error``, ``not found``, ``method not allowed``, ``bad request``,
    ``fails``), ``status`` (null where the handler decides), ``route`` (an index, or null), ``by``
    (dotted name of the target; null for Tornado's bare 404), ``call``, ``arguments``
    (``positional`` and ``named``; null for a group that took no part, ``{"bytes": "%FF"}`` for
    what is no UTF-8 or is not decoded), ``allowed`` (methods), ``location``, ``reason``,
    ``caveats``
  - ``undecided``: the same with ``why``, of steps before that, about which code of the
    application's own decides
  - ``passed``: all routes before it that do not take the request: ``route``, ``reason``
    (`routing.matching.nearness.Why`), ``near``, ``message``, ``instead`` (a path that the pattern
    would take, or null)
  - ``later``: indices of the routes behind it that would take the request too
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote_from_bytes

from tornkit.masking import masked
from tornkit.routing.matching.answers import Reply, Value
from tornkit.routing.matching.asked import Asked
from tornkit.routing.matching.explain import Explanation, Passed, Undecided
from tornkit.routing.model import Fallback, Route
from tornkit.routing.render.table_json import VERSION


def document(explanations: Sequence[Explanation], asked: Asked, app: str, tornado: str) -> str:
    """JSON document of the explanations; ASCII alone, valid in any encoding of standard output."""
    return json.dumps(
        {
            "version": VERSION,
            "tornado": tornado,
            "app": app,
            "request": _request(asked),
            "answered": any(each.answered for each in explanations),
            "applications": [_application(each) for each in explanations],
        },
        indent=2,
    )


def _request(asked: Asked) -> dict[str, Any]:
    return {
        "method": asked.method,
        "path": asked.path,
        "host": asked.host,
        "host_name": asked.routed.host_name,
        # Their values may be cookies and credentials.
        "headers": [name for name, _ in asked.headers],
        "notes": list(asked.notes),
    }


def _application(each: Explanation) -> dict[str, Any]:
    return {
        "answer": _answer(each.reply, each.step),
        "undecided": [_undecided(maybe) for maybe in each.undecided],
        "passed": [_passed(passed) for passed in each.passed],
        "later": [route.index for route in each.later],
    }


def _answer(reply: Reply, step: Route | Fallback | None) -> dict[str, Any]:
    return {
        "verdict": reply.verdict.value,
        "status": reply.status,
        "route": step.index if isinstance(step, Route) else None,
        "by": step.target.name if step is not None else None,
        "call": reply.call or None,
        "arguments": {
            "positional": [_value(value) for value in reply.args],
            "named": {name: _value(value) for name, value in reply.kwargs.items()},
        },
        "allowed": list(reply.allowed),
        "location": None if reply.location is None else masked(reply.location),
        "reason": reply.reason or None,
        "caveats": list(reply.caveats),
    }


def _value(value: Value) -> str | dict[str, str] | None:
    return {"bytes": quote_from_bytes(value)} if isinstance(value, bytes) else value


def _undecided(maybe: Undecided) -> dict[str, Any]:
    return {**_answer(maybe.reply, maybe.step), "why": maybe.why}


def _passed(passed: Passed) -> dict[str, Any]:
    return {
        "route": passed.route.index,
        "reason": passed.miss.why.value,
        "near": passed.miss.near,
        "message": passed.miss.text,
        "instead": passed.miss.instead,
    }
