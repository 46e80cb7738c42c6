"""Outcomes as a table: one row for all errors of a site that ended alike."""

from __future__ import annotations

import errno
from collections.abc import Iterable

from tests.integration.faults.campaign import Outcome


def as_text(outcomes: Iterable[Outcome]) -> str:
    rows: dict[tuple[str, ...], list[str]] = {}
    for outcome in outcomes:
        fault = outcome.fault
        first = outcome.details[0] if outcome.details else ""
        key = (fault.kind, fault.site, fault.step, outcome.how, first)
        rows.setdefault(key, []).append(errno.errorcode[fault.number])
    lines = []
    for (kind, site, step, how, first), names in sorted(rows.items()):
        numbers = "all five" if len(names) == 5 else " ".join(names)
        lines.append(f"{kind:<11}{site:<52}{step:<9}{numbers:<36}{how:<10}{first}".rstrip())
    return "\n".join(lines)
