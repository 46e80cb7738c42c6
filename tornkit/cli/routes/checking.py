"""``--check``, ``--write-baseline`` and ``--fix``: check, sift, print; 1 if something is left."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tornkit import __version__
from tornkit.cli import output
from tornkit.cli.routes import mending, printing
from tornkit.cli.routes.capture_stdout import prints_aside
from tornkit.cli.routes.files import replace_file
from tornkit.cli.routes.options import Options
from tornkit.errors import UsageError
from tornkit.routing.findings import baseline
from tornkit.routing.findings.codes import CODES
from tornkit.routing.findings.fix import MENDABLE
from tornkit.routing.findings.sift import Sifted, sift
from tornkit.routing.findings.wanted import NothingSelected, UnknownCode, Wanted, wanted
from tornkit.routing.model import Report, Severity

if TYPE_CHECKING:
    from tornkit.appload.load import LoadedApp
    from tornkit.routing.findings.identity import Identity

_FAILING = {
    "error": frozenset({Severity.ERROR}),
    "warning": frozenset({Severity.ERROR, Severity.WARNING}),
}


@dataclass(frozen=True)
class CheckDemand:
    """Options of a check, read from the command line; ``known`` are the baseline's findings."""

    format: str
    codes: Wanted
    failing: frozenset[Severity]
    known: tuple[Identity, ...]
    baseline: Path | None
    write: Path | None
    fix: bool
    yes: bool
    reports: bool

    @property
    def families(self) -> tuple[str, ...]:
        """The checks to run; to mend, only those that find what can be mended."""
        if self.reports or not self.fix:
            return self.codes.families
        return wanted(code for code in MENDABLE if code in self.codes).families


def demand(asked: Options) -> CheckDemand:
    """Read the options of a check, before any code of the user's runs.

    :raises UsageError: a code that does not exist, a baseline that can't be read, or options
        that exclude each other.
    """
    if asked.fix and asked.write_baseline is not None:
        raise UsageError("--fix and --write-baseline: mend first, then write what is left")
    try:
        codes = wanted(asked.select, asked.ignore)
    except UnknownCode as error:
        raise UsageError(f"no code begins with {error}; there are {', '.join(CODES)}") from None
    except NothingSelected:
        raise UsageError("--select and --ignore leave no code to check") from None
    if asked.fix and not any(code in codes for code in MENDABLE):
        raise UsageError(f"--fix mends {' and '.join(MENDABLE)}, which are not selected")
    path = None if asked.baseline is None else Path(asked.baseline)
    write = None if asked.write_baseline is None else Path(asked.write_baseline)
    return CheckDemand(
        asked.format,
        codes,
        _FAILING[asked.fail_on],
        known=() if path is None or write is not None else _read_baseline(path),
        baseline=path,
        write=write,
        fix=asked.fix,
        yes=asked.yes,
        reports=asked.check,
    )


def run(demand: CheckDemand, loaded: LoadedApp) -> int:
    """Check as demanded; return the exit code, 1 if there is a finding that counts."""
    report = _checked(demand, loaded)
    if demand.write is not None:
        return _write_baseline(demand, demand.write, report)
    if demand.fix:
        # What is in the baseline is there to be mended some day.
        unknown = sift(report, demand.codes, base=Path.cwd())
        outcome = mending.run(unknown.report, yes=demand.yes)
        if not demand.reports:
            return outcome.exit_code
        left = tuple(each for each in report.findings if each not in outcome.mended)
        report = Report(report.app, report.tornado, report.tables, left)
    base = demand.baseline.parent.resolve() if demand.baseline is not None else Path.cwd()
    sifted = sift(report, demand.codes, demand.known, base=base)
    _print(demand, sifted)
    failed = any(finding.severity in demand.failing for finding in sifted.report.findings)
    return int(failed)


def _checked(demand: CheckDemand, loaded: LoadedApp) -> Report:
    from tornkit.cli.routes.progress import Progress
    from tornkit.routing.report import report_on

    # Before standard output is turned to where the line is written: a reverse_url of the user's
    # own may print.
    with Progress() as progress, prints_aside():
        return report_on(
            loaded.applications,
            loaded.label,
            demand.families,
            progress.tell,
            program=loaded.program,
            declared=True,
        )


def _read_baseline(path: Path) -> tuple[Identity, ...]:
    try:
        return baseline.read(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(
            f"there is no baseline {path}; tornkit routes --write-baseline {path} makes it"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the baseline {path} can't be read: {error}") from None
    except baseline.BadBaseline as error:
        raise UsageError(f"the baseline {path} can't be used: {error}") from None


def _write_baseline(demand: CheckDemand, path: Path, report: Report) -> int:
    from tornkit.routing.findings.identity import identities

    base = path.parent.resolve()
    found = sift(report, demand.codes, base=base).report
    try:
        replace_file(path, baseline.write(identities(found, base)).encode())
    except OSError as error:
        raise UsageError(f"the baseline {path} can't be written: {error.strerror}") from None
    number = len(found.findings)
    output.say(f"Wrote {number} finding{'' if number == 1 else 's'} to {path}.")
    return 0


def _print(demand: CheckDemand, sifted: Sifted) -> None:
    report = sifted.report
    if demand.format == "json":
        from tornkit.routing.render import table_json

        output.result_json(table_json.document(report, report.routes, Path.cwd()))
    elif demand.format == "sarif":
        from tornkit.routing.render import sarif

        output.result_json(sarif.document(report, sorted(demand.codes.codes), _root(), __version__))
    else:
        _print_for_people(demand, sifted)


def _print_for_people(demand: CheckDemand, sifted: Sifted) -> None:
    from tornkit.routing.render import findings

    checks = demand.codes.checks
    if demand.format == "table":
        printing.folding(findings.document(sifted, checks, Path.cwd()))
        return
    from tornkit.routing.render import github

    commands = github.document(sifted.report, _root())
    if commands:
        output.result(commands)
    output.say_lines(findings.text(findings.summary(sifted, checks)))


def _root() -> Path:
    """Folder that a code host's paths are relative to: the repository, as its runner names it."""
    here = Path.cwd()
    named = os.environ.get("GITHUB_WORKSPACE")
    root = Path(named).resolve() if named else here
    return root if here.is_relative_to(root) else here
