"""``--check``, ``--fix`` and ``--explain``."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING

from tornkit.cli.routes.options import Options

if TYPE_CHECKING:
    from tornkit.appload.load import LoadedApp


def run(asked: Options, loaded: LoadedApp) -> int:
    """Check; 1 if there is a finding that counts."""
    from tornkit.cli.routes import listing
    from tornkit.routing.checks import ALL
    from tornkit.routing.model import Severity
    from tornkit.routing.report import report_on

    with contextlib.redirect_stdout(sys.stderr):
        report = report_on(loaded.applications, loaded.label, families=ALL)
    listing.run(asked, loaded)
    return int(any(finding.severity is not Severity.INFO for finding in report.findings))


def explain(code: str) -> int:
    """Print what ``code`` means."""
    raise NotImplementedError
