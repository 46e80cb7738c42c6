"""Loads the application that was named, and reports on it; its prints go to standard error."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from tornkit.appload import own_tornado
from tornkit.appload.children import none_left_behind
from tornkit.cli import output
from tornkit.cli.routes.capture_stdout import prints_aside
from tornkit.cli.routes.collection import keep_loaded

if TYPE_CHECKING:
    from tornkit.appload import Target
    from tornkit.appload.load import LoadedApp
    from tornkit.routing.model import Report


def load(target: Target) -> LoadedApp:
    """Load the application of a target; what it prints goes to standard error.

    :raises AppLoadError:
    """
    with prints_aside(), none_left_behind():
        # Before the user's folder can take a name.
        from tornkit.appload.inspection import load_for_inspection
        from tornkit.cli.routes.importing import import_ahead

        import_ahead(target)
        keep_loaded()
        loaded = load_for_inspection(target)
    if (said := own_tornado.not_used()) is not None:
        output.say(said)
    return loaded


def checked(loaded: LoadedApp, codes: Iterable[str]) -> Report:
    """The report with the findings of ``codes``, without those that a comment silences."""
    from tornkit.routing.findings.sift import sift
    from tornkit.routing.findings.wanted import Wanted
    from tornkit.routing.report import report_on

    only = Wanted(frozenset(codes))
    with prints_aside():  # a reverse_url of the user's own may print
        report = report_on(
            loaded.applications,
            loaded.label,
            only.families,
            program=loaded.program,
            declared=True,
        )
    return sift(report, only, base=Path.cwd()).report
