"""A result in words, and as JSON."""

from __future__ import annotations

import json
from typing import Any

from tests.engine.differential.case import Case
from tests.engine.differential.compare import Kind
from tests.engine.differential.findings import Group
from tests.engine.differential.outcome import Outcome
from tests.engine.differential.pair import Judged
from tests.engine.differential.replies import Reply, read
from tests.engine.differential.run import Result

_SHOWN = 600


def progress_line(result: Result) -> str:
    """For standard error, while it runs."""
    groups = result.findings.groups()
    rate = result.played / result.seconds if result.seconds else 0.0
    total = sum(block.count for block in result.plan.blocks())
    return (
        f"{result.played:,} of {total:,} cases, {rate:,.0f} a second, "
        f"{sum(group.count for group in groups):,} differences in {len(groups)} groups"
    )


def as_text(result: Result) -> str:
    """The figures, then each group with its examples; ends with a verdict."""
    plan = result.plan
    rate = result.played / result.seconds if result.seconds else 0.0
    groups = result.findings.groups()
    lines = [
        f"reference: {plan.reference.server} on {plan.reference.loop}",
        f"candidate: {plan.candidate.server} on {plan.candidate.loop}",
        f"{result.played:,} cases (seed {plan.seed}{', with the sweep' * plan.with_sweep}) in "
        f"{result.seconds:.0f} s, {rate:,.0f} a second, each to both",
        "first answers of the reference: "
        + ", ".join(f"{status} {count:,}" for status, count in result.statuses.most_common()),
    ]
    for group in groups:
        lines += ["", *_group_lines(group)]
    lines += ["", *(f"not finished: {why}" for why in result.broken)]
    differences = sum(group.count for group in groups)
    lines.append(
        f"{differences:,} differences in {len(groups)} groups, "
        f"{sum(not group.explanation for group in groups)} of them not explained"
        if groups
        else "no difference"
    )
    return "\n".join(lines)


def _group_lines(group: Group) -> list[str]:
    difference = group.difference
    profiles = ", ".join(f"{name or '?'} {count:,}" for name, count in group.profiles.most_common())
    fatal = " (fatal)" if difference.kind.is_fatal else ""
    lines = [
        f"{difference.kind.value}{fatal}: {group.count:,}",
        f"  {difference.signature}",
        f"  profiles: {profiles}",
    ]
    if group.explanation:
        lines.append(f"  explained: {group.explanation}")
    for example in group.examples:
        lines += ["", *(f"    {line}" for line in case_lines(example))]
    return lines


def case_lines(judged: Judged) -> list[str]:
    """One case and what both did with it."""
    case = judged.case
    sent = [
        f"{case.profile}, {case.delivery}, from {case.name or 'nowhere'}",
        f"  sent       {_short(case.data)}",
    ]
    if judged.difference and judged.difference.kind in (Kind.CRASH, Kind.HANG):
        return sent
    return [
        *sent,
        *(f"  reference  {line}" for line in outcome_lines(judged.reference)),
        *(f"  candidate  {line}" for line in outcome_lines(judged.candidate)),
    ]


def outcome_lines(outcome: Outcome) -> list[str]:
    """Each response on a line, then how the connection ended, then events."""
    found = read(outcome.received)
    lines = [_reply_line(reply) for reply in found.replies]
    if found.rest:
        lines.append(f"then {_short(found.rest)}")
    end = "closed" if outcome.is_closed else "open"
    lines.append(f"{end}{', and still open after EOF' * outcome.is_left_open}")
    lines += [f"event: {event}" for event in outcome.events]
    return lines


def _reply_line(reply: Reply) -> str:
    record = reply.record
    if record is None:
        return f"{reply.status} {reply.reason} {_short(reply.body) if reply.body else ''}".rstrip()
    saw = {key: value for key, value in record.items() if value not in ("", {}, [])}
    for told_elsewhere in ("path", "query_arguments", "host_name", "url", "protocol", "remote_ip"):
        saw.pop(told_elsewhere, None)
    text = json.dumps(saw)
    return f"{reply.status} saw {text[:_SHOWN]}{'...' * (len(text) > _SHOWN)}"


def _short(data: bytes) -> str:
    if len(data) <= _SHOWN:
        return repr(data)
    return f"{data[:_SHOWN]!r}... ({len(data):,} bytes)"


def as_json(result: Result) -> dict[str, Any]:
    """Everything, for other programs; bytes as Latin-1 strings."""
    plan = result.plan
    return {
        "reference": vars(plan.reference),
        "candidate": vars(plan.candidate),
        "seed": plan.seed,
        "with_sweep": plan.with_sweep,
        "cases": result.played,
        "seconds": round(result.seconds, 1),
        "first_answers": dict(result.statuses),
        "good": result.is_good,
        "broken": result.broken,
        "groups": [
            {
                "kind": group.difference.kind.name.lower(),
                "detail": group.difference.detail,
                "fatal": group.difference.kind.is_fatal,
                "explanation": group.explanation,
                "count": group.count,
                "profiles": dict(group.profiles),
                "examples": [
                    {
                        **_case_json(example.case),
                        "reference": _outcome_json(example.reference),
                        "candidate": _outcome_json(example.candidate),
                    }
                    for example in group.examples
                ],
            }
            for group in result.findings.groups()
        ],
    }


def _case_json(case: Case) -> dict[str, Any]:
    return {
        "profile": case.profile,
        "data": case.data.decode("latin-1"),
        "cuts": list(case.cuts),
        "eof": case.eof,
        "name": case.name,
    }


def _outcome_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "received": outcome.received.decode("latin-1"),
        "closed": outcome.is_closed,
        "left_open": outcome.is_left_open,
        "events": list(outcome.events),
    }
