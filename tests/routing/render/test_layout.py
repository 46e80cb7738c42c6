from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from tornado.routing import URLSpec

from tests.routing.render.tables import FILE, HERE, Entry, Home, full, line_of, report_of, shown
from tornkit.routing.model import Report
from tornkit.routing.render import layout, terminal
from tornkit.routing.render.rows import Row, columns_in_use
from tornkit.routing.render.rows import rows as rows_of
from tornkit.routing.render.spans import line_width, text_of

LEFT_OUT = "left out for the width: "


def natural_width(rows: list[Row], without: tuple[str, ...] = ()) -> int:
    columns = [column for column in columns_in_use(rows) if column not in without]
    return layout.natural_width(layout.natural_widths(rows, columns))


def as_text(report: Report, width: int, columns: list[str] | None = None) -> str:
    return text_of(layout.lines(*shown(report), width, columns))


def as_colours(report: Report, width: int) -> str:
    file = StringIO()
    console = Console(
        file=file, width=width, soft_wrap=True, force_terminal=True, color_system="standard"
    )
    console.print(terminal.document(*shown(report), width))
    return file.getvalue()


def test_one_line_a_route_when_it_fits() -> None:
    report = full()
    rows, _ = shown(report)
    width = natural_width(rows)
    lines = as_text(report, width).splitlines()
    table = lines[: lines.index("")]
    assert len(table) == 1 + len(rows)
    assert max(map(len, table)) == width
    assert table[0].split()[:2] == ["#", "mark"]
    assert all(
        route.target.short_name in line
        for route, line in zip(report.routes, table[1:], strict=True)
    )
    assert "/entry/(?P<slug>[a-z0-9-]+)" in table[7]
    assert LEFT_OUT not in "".join(lines)


def test_columns_make_way_one_by_one_and_are_named() -> None:
    report = full()
    rows, _ = shown(report)
    width = natural_width(rows)
    lines = as_text(report, width - 1).splitlines()
    assert "arguments" not in lines[0]
    assert f"{LEFT_OUT}arguments; --columns shows what you name" in lines
    narrower = natural_width(rows, ("arguments", "origin")) - 1
    assert f"{LEFT_OUT}arguments, kwargs, origin;" in as_text(report, narrower)
    core = natural_width(rows, layout.DROPPED)
    lines = as_text(report, core).splitlines()
    assert lines[0].split() == ["#", "mark", "host", "pattern", "methods", "name", "handler"]
    assert len(lines[: lines.index("")]) == 1 + len(rows)


def test_the_place_goes_before_who_may_enter_and_after_all_else() -> None:
    report = full()
    rows, _ = shown(report)
    last = layout.DROPPED[-2:]
    assert last == ("source", "auth")
    heading = as_text(report, natural_width(rows, layout.DROPPED[:-1])).splitlines()[0]
    assert heading.split()[-1] == "auth"
    heading = as_text(report, natural_width(rows, layout.DROPPED[:-2])).splitlines()[0]
    assert heading.endswith("auth  defined at")


class TestSixRoutesAtEightyColumns:
    """As many as a new project has, three of them for its static files."""

    RULES = (
        URLSpec(r"/", Home, name="home"),
        URLSpec(r"/api/greetings/([^/]+)", Entry, name="greeting"),
        URLSpec(r"/healthz", Home, name="health"),
    )

    def test_are_a_table(self) -> None:
        lines = as_text(report_of(*self.RULES, static_path="static"), 80).splitlines()
        assert lines[0].split()[:5] == ["#", "pattern", "methods", "name", "handler"]
        assert len(lines[: lines.index("")]) == 7

    def test_a_line_of_tornados_own_makes_way_for_those_of_ones_own(self) -> None:
        report = report_of(*self.RULES, static_path="static")
        seen = rows_of(report, report.routes, HERE)

        def text(width: int) -> str:
            return text_of(layout.lines(seen, [], width))

        fits = natural_width(seen, layout.DROPPED[:-2])
        assert "tornado/web.py" in text(fits)
        narrower = text(fits - 1)
        assert narrower.splitlines()[0].endswith("defined at")
        assert "tornado/web.py" not in narrower
        assert f"  tables.py:{line_of('class Entry')}\n" in narrower
        assert "and lines of Tornado's own files;" in " ".join(narrower.split())
        assert "tables.py" not in text(natural_width(seen, layout.DROPPED))


def test_below_that_each_route_has_lines_of_its_own() -> None:
    report = full()
    rows, _ = shown(report)
    lines = as_text(report, natural_width(rows, layout.DROPPED) - 1).splitlines()
    assert lines[0].split()[0] == "0"  # no headings
    assert LEFT_OUT not in "".join(lines)


@pytest.mark.parametrize("width", [20, 40, 70])
def test_nothing_is_lost_when_it_does_not_fit(width: int) -> None:
    report = full()
    rows, below = shown(report)
    lines = layout.lines(rows, below, width)
    assert all(line_width(line) <= width for line in lines)
    squeezed = "".join(text_of(lines).split())
    for row in rows:
        for column in columns_in_use([row]):
            assert "".join(row.cell(column).split()) in squeezed
    for line in below:
        assert "".join(line.text.split()) in squeezed


def test_stacked_lines() -> None:
    pattern = r"/all/the/entries/(?P<slug>[a-z]+)"
    rules = [URLSpec(pattern, Entry, {"size": 3}, name="entry")]
    lines = as_text(report_of(*rules), 60).splitlines()
    assert lines[:4] == [
        f"0  {pattern}",
        f"   GET POST · Entry(slug) · auth POST · {FILE}:{line_of('class Entry')}",
        "   kwargs size=3",
        "   name entry → /all/the/entries/a",
    ]


def test_what_is_asked_for_does_not_make_way() -> None:
    columns = ["index", "kwargs", "origin", "source"]
    lines = as_text(full(), 30, columns).splitlines()
    at = lines.index(f" 6  {FILE}:{line_of('class Entry')}")
    assert lines[at + 1 : at + 3] == ["    kwargs size=7,", "    password='***'"]
    assert "/entry" not in "".join(lines[: lines.index("")])
    assert LEFT_OUT not in "".join(lines)


def test_a_column_that_is_asked_for_is_there_though_empty() -> None:
    lines = as_text(report_of(("/", Home)), 80, ["index", "name", "kwargs"]).splitlines()
    assert lines[:2] == ["#  name  kwargs", "0"]


@pytest.mark.parametrize("width", [70, 300])
def test_what_fails_is_red(width: int) -> None:
    text = as_colours(full(), width)
    assert "\x1b[31mTK301" in text
    assert "\x1b[31m/entry" not in text


def test_a_pattern_is_no_markup() -> None:
    assert "/[bold]x[/bold]" in as_colours(report_of(("/[bold]x[/bold]", Home)), 300)


def test_an_empty_table() -> None:
    assert as_text(report_of(), 80) == "0 routes.\n"
