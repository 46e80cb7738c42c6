"""``assert_routes_ok``: the findings of ``tornkit routes --check`` as an assertion of a test.

With the settings of ``[tool.tornkit.routes]``. The tests' own files, which are loaded beside the
application's, are not read for calls of ``reverse_url``.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import tornado

from tornkit.errors import UsageError
from tornkit.pyproject import read_tool_table
from tornkit.routing.checks import findings
from tornkit.routing.findings import baseline
from tornkit.routing.findings.identity import Identity
from tornkit.routing.findings.sift import sift
from tornkit.routing.findings.wanted import NothingSelected, UnknownCode, wanted
from tornkit.routing.model import Places, Report, Severity
from tornkit.routing.reading.declared import with_declarations
from tornkit.routing.render.findings import document, text
from tornkit.routing.tables import route_tables

_TEST_FOLDERS = frozenset({"tests", "test"})


def assert_routes(
    application: object, project: Path, tests: Collection[Path], ignore: Sequence[str] = ()
) -> None:
    """Fail with the findings in an application's routes, if there are any that count.

    :param tests: files of tests, which are no part of the application.
    :param ignore: beginnings of codes, as ``--ignore`` takes them.
    :raises AssertionError: there are findings; it holds them as the command prints them.
    :raises UsageError: a code that does not exist, or a setting that can't be used.
    """
    __tracebackhide__ = True
    settings = _settings(project)
    try:
        codes = wanted(_words(settings, "select"), [*_words(settings, "ignore"), *ignore])
    except UnknownCode as error:
        raise UsageError(f"no code begins with {error}") from None
    except NothingSelected:
        raise UsageError("select and ignore leave no code to check") from None
    tables = tuple(
        with_declarations(replace(table, places=_without(table.places, project, tests)))
        for table in route_tables([application])
    )
    found = tuple(
        each for table in tables for each in findings(table, codes.families, program=tables)
    )
    report = Report("tornkit_app", tornado.version, tables, found)
    file = project / settings["baseline"] if "baseline" in settings else None
    base = project if file is None else file.parent  # which places in it are relative to
    sifted = sift(report, codes, _known(file), base=base)
    failing = {Severity.ERROR, Severity.WARNING}
    if settings.get("fail_on", "warning") == "error":
        failing = {Severity.ERROR}
    if any(finding.severity in failing for finding in sifted.report.findings):
        raise AssertionError(
            f"tornkit routes --check finds:\n{text(document(sifted, codes.checks, project))}"
        )


def _settings(project: Path) -> dict[str, Any]:
    """Settings in ``[tool.tornkit.routes]``, hyphens as underscores."""
    file = project / "pyproject.toml"
    table = read_tool_table(file).get("routes", {}) if file.is_file() else {}
    if not isinstance(table, dict):
        raise UsageError(f"{file}: [tool.tornkit.routes] has to be a table")
    return {key.replace("-", "_"): value for key, value in table.items()}


def _words(settings: dict[str, Any], key: str) -> list[str]:
    value = settings.get(key, [])
    return [value] if isinstance(value, str) else list(value)


def _known(file: Path | None) -> Sequence[Identity]:
    """Findings of a baseline; none without one."""
    if file is None:
        return ()
    try:
        return baseline.read(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, baseline.BadBaseline) as error:
        raise UsageError(f"the baseline {file} can't be used: {error}") from None


def _without(places: Places, project: Path, tests: Collection[Path]) -> Places:
    """Places of the application's own code, without the files of tests."""

    def is_test(path: Path) -> bool:
        folders = path.relative_to(project).parent.parts if path.is_relative_to(project) else ()
        return path in tests or path.name == "conftest.py" or not _TEST_FOLDERS.isdisjoint(folders)

    return replace(places, python=tuple(each for each in places.python if not is_test(Path(each))))
