"""``--fix``: show what would change, ask, write."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from tornkit.cli import output
from tornkit.cli.routes import printing
from tornkit.cli.routes.files import replace_file
from tornkit.errors import TornkitError
from tornkit.printable import printable
from tornkit.routing.findings.fix import Mend, Unfixed, plan
from tornkit.routing.model import Finding, Report
from tornkit.routing.render.below import count
from tornkit.routing.render.spans import Span, SpanLine

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


@dataclass(frozen=True)
class MendOutcome:
    """Findings whose cure is written (``mended``), and the exit code, 1 where any is left."""

    mended: frozenset[Finding] = frozenset()
    exit_code: int = 0


def run(report: Report, *, yes: bool) -> MendOutcome:
    """Mend what can be mended of the report's findings, unless the person declines."""
    planned = plan(report)
    _tell_left(planned.left)
    if not planned.mends:
        output.say("Nothing to mend.")
        return MendOutcome(exit_code=int(bool(planned.left)))
    _show(planned.mends)
    if not yes and not _agreed(planned.mends):
        return MendOutcome(exit_code=1)
    for mend in planned.mends:
        _write(mend)
    mended = frozenset(finding for mend in planned.mends for finding in mend.findings)
    strings = count(sum(mend.strings for mend in planned.mends), "pattern")
    output.say(f"Mended {strings} in {count(len(planned.mends), 'file')}.")
    return MendOutcome(mended, exit_code=int(bool(planned.left)))


def _agreed(mends: Sequence[Mend]) -> bool:
    if not all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)):
        output.say("Nothing was written: --yes writes without asking.")
        return False
    files = "this file" if len(mends) == 1 else f"these {len(mends)} files"
    if click.confirm(f"Write {files}?", err=True):
        return True
    output.say("Nothing was written.")
    return False


def _show(mends: Sequence[Mend]) -> None:
    lines: list[SpanLine] = []
    for mend in mends:
        for line in mend.diff(printable(_shown(mend.file))):
            header = line.startswith(("--- ", "+++ "))
            style = "bold" if header else _STYLES.get(line[:1], "")
            lines.append([Span("\t".join(map(printable, line.split("\t"))), style)])
    if sys.stdout.isatty():
        printing.spans(lines)
    else:
        output.result("".join(f"{span.text}\n" for line in lines for span in line))


def _tell_left(left: Sequence[Unfixed]) -> None:
    for each in left:
        where = each.finding.where
        place = f" ({_shown(where.file)}:{where.line})" if where is not None else ""
        output.say(f"{each.finding.code} route {each.finding.route}{place} is left: {each.reason}")


def _shown(file: str) -> str:
    path, here = Path(file), Path.cwd()
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else file


def _write(mend: Mend) -> None:
    path = Path(mend.file)
    try:
        if path.read_bytes() != mend.before:
            raise TornkitError(f"{_shown(mend.file)} changed meanwhile; start again")
        replace_file(path, mend.after)
    except OSError as error:
        raise TornkitError(f"{_shown(mend.file)} can't be written: {error.strerror}") from None
