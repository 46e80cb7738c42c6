from __future__ import annotations

import pytest
from tornado.routing import AnyMatches, PathMatches, Rule, RuleRouter
from tornado.web import Application

from tests.routing.render.tables import BASE, FILE, Home, full, line_of, report_of, shown
from tornkit.routing.model import Report
from tornkit.routing.render import tree
from tornkit.routing.render.spans import line_width, text_of
from tornkit.routing.report import report_on
from tornkit.routing.select import Filters, Order, ordered, select


def drawn(
    report: Report,
    columns: list[str] | None = None,
    *,
    width: int | None = None,
    filters: Filters | None = None,
    order: Order = Order.MATCH,
) -> list[str]:
    """The lines of the tree itself."""
    routes = ordered(select(report, filters or Filters(), BASE), order)
    rows = [row for row in shown(report)[0] if int(row.index) in {r.index for r in routes}]
    lines = tree.lines(report, routes, rows, [], BASE, columns=columns, width=width)
    text = text_of(lines).splitlines()
    return text[: text.index("")]


def outline(report: Report, **options: object) -> list[str]:
    """Guides and labels alone."""
    return drawn(report, ["pattern"], **options)  # type: ignore[arg-type]


def test_hosts_and_routers_are_branches() -> None:
    assert outline(full()) == [
        "app.py:make_app",
        "├── host www\\.example\\.com",
        "│   └── /host",
        "├── host b\\.com",
        "│   └── /b",
        "├── any host",
        "│   ├── /(robots\\.txt)",
        "│   ├── /(favicon\\.ico)",
        "│   ├── /static/(.*)",
        "│   ├── /",
        "│   ├── /entry/(?P<slug>[a-z0-9-]+)",
        "│   ├── /opt/?",
        "│   ├── /(?:x|y)",
        "│   ├── /a|/b",
        "│   ├── /old",
        "│   ├── /in/.*",
        "│   │   └── /in/([a-z]+)/(\\d+)",
        "│   ├── /opaque",
        "│   ├── default_host www\\.example\\.com",
        "│   │   └── /host",
        "│   └── default_host b\\.com",
        "│       └── /b",
        f"└── anything else: NotFound ({FILE}:{line_of('class NotFound')})",
    ]


def test_one_list_of_routes_needs_no_branch() -> None:
    assert outline(report_of(("/a", Home), ("/b", Home))) == [
        "app.py",
        "├── /a",
        "├── /b",
        "└── anything else: ErrorHandler status 404",
    ]


def test_a_mounted_application_has_its_own_answer() -> None:
    inner = Application([("/in/a", Home)])
    report = report_of((PathMatches("/in/.*"), inner), ("/b", Home))
    assert outline(report) == [
        "app.py",
        "├── /in/.* (Application)",
        "│   ├── /in/a",
        "│   └── anything else: ErrorHandler status 404",
        "├── /b",
        "└── anything else: ErrorHandler status 404",
    ]


def test_a_router_without_a_condition_beside_others() -> None:
    router = RuleRouter([Rule(PathMatches("/x"), Application([("/x", Home)]))])
    report = report_of(Rule(AnyMatches(), router), ("/b", Home))
    assert outline(report)[:3] == [
        "app.py",
        "├── (any) (RuleRouter)",
        "│   └── /x (Application)",
    ]


def test_a_name_of_a_router_stands_on_its_branch() -> None:
    report = report_of(("/in/.*", [("/in/a", Home, {}, "a")], {}, "inside"))
    assert drawn(report, ["index", "name"]) == [
        "app.py",
        "├── /in/.*     #0  inside",
        "│   └── /in/a  #1  a",
        "└── anything else: ErrorHandler status 404",
    ]
    alone = drawn(report, ["index", "name"], filters=Filters(name="inside"))
    assert alone[1] == "├── /in/.*  #0  inside"


def test_cells_stand_in_columns_behind_the_labels() -> None:
    lines = drawn(full())
    places = {line.index("#") for line in lines if "#" in line}
    assert len(places) == 1
    (entry,) = (line for line in lines if "entry" in line)
    assert entry.partition("[a-z0-9-]+)")[2].split() == [
        "#6", "GET", "POST", "entry", "Entry", "auth", "POST", f"{FILE}:{line_of('class Entry')}",
    ]  # fmt: skip


def test_filters_leave_out_branches() -> None:
    assert outline(full(), filters=Filters(host="b.com")) == [
        "app.py:make_app",
        "├── host b\\.com",
        "│   └── /b",
        "├── any host",
        "│   └── default_host b\\.com",
        "│       └── /b",
        f"└── anything else: NotFound ({FILE}:{line_of('class NotFound')})",
    ]


def test_another_order_holds_within_each_router() -> None:
    report = report_of(("/b", Home), ("/c", [("/y", Home), ("/x", Home)]), ("/a", Home))
    assert outline(report, order=Order.PATH)[:6] == [
        "app.py",
        "├── /a",
        "├── /b",
        "├── /c",
        "│   ├── /x",
        "│   └── /y",
    ]


def test_several_applications_have_a_tree_each() -> None:
    report = report_on([Application([("/a", Home)]), Application([("/b", Home)])], "program")
    lines = outline(report)
    assert [lines[0], lines[3]] == ["program (application 0)", "program (application 1)"]
    assert (lines[1], lines[4]) == ("├── /a", "├── /b")


def test_no_application_around_it() -> None:
    def callback(request: object) -> None: ...

    assert drawn(report_on([callback], "old.py"), ["handler"]) == [
        "old.py",
        "└── (any)  callback (callable)",
    ]


@pytest.mark.parametrize("width", [24, 50])
def test_a_narrow_terminal_gets_the_cells_on_lines_of_their_own(width: int) -> None:
    report = full()
    rows, below = shown(report)
    lines = tree.lines(report, report.routes, rows, below, BASE, width=width)
    assert all(line_width(line) <= width for line in lines)
    text = text_of(lines)
    assert "\n│   │       #6 · GET" in text
    squeezed = "".join("".join(line.split()) for line in text.replace("│", "").splitlines())
    for row in rows:
        assert "".join(row.source.split()) in squeezed


def test_marks_and_sentences_stand_below() -> None:
    report = full()
    rows, below = shown(report)
    lines = text_of(tree.lines(report, report.routes, rows, below, BASE)).splitlines()
    assert any(line.startswith("!  the name does not") for line in lines)
    assert "15 routes." in lines
