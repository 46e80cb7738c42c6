"""The list of routes: select, sort, render, print."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tornkit.cli import output
from tornkit.cli.routes import printing
from tornkit.cli.routes.capture_stdout import prints_aside
from tornkit.cli.routes.collection import collection_paused
from tornkit.cli.routes.options import Options

if TYPE_CHECKING:
    from tornkit.appload.load import LoadedApp
    from tornkit.routing.model import Report, Route
    from tornkit.routing.select import Filters

_FOR_PROGRAMS = frozenset({"json", "csv", "openapi"})


def run(asked: Options, loaded: LoadedApp) -> int:
    """Print the list; return the exit code, 1 if filters left nothing of it."""
    with collection_paused():
        return _run(asked, loaded)


def _run(asked: Options, loaded: LoadedApp) -> int:
    with prints_aside():  # a reverse_url of the user's own may print
        from tornkit.routing.report import report_on

        report = report_on(
            loaded.applications,
            loaded.label,
            program=loaded.program,
            declared=_shows_declared(asked),
        )
    from tornkit.routing.select import Order, ordered, select

    base = Path.cwd()
    filters = _filters(asked)
    routes = ordered(select(report, filters, base), Order(asked.sort))
    nothing = bool(filters.given) and not routes
    # A program gets a whole document to read even where there is nothing in it.
    if not nothing or asked.format in _FOR_PROGRAMS:
        _print(asked, loaded, report, routes, base)
    if nothing:
        output.say(_nothing_found(filters))
    return int(nothing)


def _shows_declared(asked: Options) -> bool:
    """Whether each rule's own line is shown, for which every file of routes is read."""
    return "declared" in asked.columns or (not asked.columns and asked.format in ("json", "csv"))


def _filters(asked: Options) -> Filters:
    from tornkit.routing.model import Origin
    from tornkit.routing.select import Filters

    return Filters(
        grep=asked.grep,
        host=asked.host,
        name=asked.name,
        method=asked.method,
        handler=asked.handler,
        origin=Origin(asked.origin) if asked.origin is not None else None,
    )


def _nothing_found(filters: Filters) -> str:
    """Message for an empty list: the filters that no route passes, and a command to try instead."""
    given = filters.given
    grep = given.pop("grep", None)
    said = [] if grep is None else [f"contains {grep!r}"]
    if given:
        options = (f"--{option} {shlex.quote(text)}" for option, text in given.items())
        said.append(f"has {' '.join(options)}")
    line = f"no route {' and '.join(said)}"
    if grep is not None and grep.startswith(("/", "http://", "https://")):
        line += f"; to see who answers it: tornkit routes --match {shlex.quote(grep)}"
    return line


def _print(
    asked: Options, loaded: LoadedApp, report: Report, routes: Sequence[Route], base: Path
) -> None:
    if asked.format == "openapi":
        from tornkit.pyproject import project_version
        from tornkit.routing import openapi

        version = project_version(Path(loaded.target.project)) or openapi.UNKNOWN_VERSION
        output.result_json(openapi.document(report, routes, version))
    elif asked.format == "json":
        from tornkit.routing.render import table_json

        output.result_json(table_json.document(report, routes, base))
    elif asked.format == "csv":
        from tornkit.routing.render import commas
        from tornkit.routing.render.rows import rows

        text = commas.document(rows(report, routes, base), asked.columns or None)
        output.result(text, commas.LINE_END)
    else:
        _print_for_people(asked, report, routes, base)


def _print_for_people(asked: Options, report: Report, routes: Sequence[Route], base: Path) -> None:
    """Print a table or a tree, in colours and as wide as the terminal if standard output is one."""
    from tornkit.routing.render.below import lines_below
    from tornkit.routing.render.rows import rows

    lines = rows(report, routes, base)
    in_tree = asked.format == "tree"
    below = lines_below(report, routes, base, sorted_by=asked.sort, others=not in_tree)
    columns = asked.columns or None
    width = printing.terminal_width()
    if asked.format == "md":
        from tornkit.routing.render import markdown

        output.result(markdown.document(lines, below, columns))
    elif in_tree:
        from tornkit.routing.render import tree

        drawn = tree.lines(report, routes, lines, below, base, columns=columns, width=width)
        printing.spans(drawn)
    elif width is None:
        from tornkit.routing.render import plain

        output.result(plain.document(lines, below, columns))
    else:
        from tornkit.routing.render import layout

        printing.spans(layout.lines(lines, below, width, columns))
