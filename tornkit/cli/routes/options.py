"""What was asked of ``tornkit routes``, as one value."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """The command's options, named as its parameters; None or empty where not given."""

    format: str
    grep: str | None
    host: str | None
    name: str | None
    method: str | None
    handler: str | None
    origin: str | None
    columns: tuple[str, ...]
    sort: str
    match: str | None
    header: tuple[str, ...]
    reverse: str | None
    arg: tuple[str, ...]
    check: bool
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: str
    baseline: str | None
    write_baseline: str | None
    fix: bool
    yes: bool
    diff: str | None
