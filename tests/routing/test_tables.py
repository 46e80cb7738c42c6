"""Tests of tables of live applications: numbers of routes, reversed names, the program's file."""

from __future__ import annotations

from pathlib import Path

from tornado.routing import Router
from tornado.web import Application, RequestHandler

from tornkit.routing.model import Outcome, RouteTable
from tornkit.routing.tables import route_table, route_tables


class Home(RequestHandler): ...


def urls(table: RouteTable) -> list[str | None]:
    return [None if each.reversal is None else each.reversal.url for each in table.routes]


def test_names_are_reversed_and_routes_without_one_are_not() -> None:
    table = route_table(Application([("/a", Home, {}, "a"), ("/b", Home)]))
    assert urls(table) == ["/a", None]


def test_each_application_reverses_its_own_names() -> None:
    one = Application([("/one", Home, {}, "home")])
    two = Application([("/two", Home, {}, "home")])
    tables = route_tables([one, two])
    assert [urls(table) for table in tables] == [["/one"], ["/two"]]
    outcomes = {
        route.reversal and route.reversal.outcome for table in tables for route in table.routes
    }
    assert outcomes == {Outcome.OK}


def test_an_application_without_routes_takes_no_number() -> None:
    rules = [("/a", Home), ("/b", Home)]
    tables = route_tables(iter([Application(rules), Application(), Application(rules)]))
    assert [[route.index for route in each.routes] for each in tables] == [[0, 1], [], [2, 3]]
    assert [each.position for table in tables for each in table.fallbacks] == [2, 2, 4]


def test_indices_run_on_over_several_applications() -> None:
    one, two = Application([("/", Home), ("/x", Home)]), Application([("/y", Home)])
    tables = route_tables([one, two])
    assert [[route.index for route in table.routes] for table in tables] == [[0, 1], [2]]
    assert tables[1].route(2).index == 2
    assert route_tables([]) == ()


def test_indices_begin_where_one_says() -> None:
    table = route_table(Application([("/a", Home, {}, "a")]), start=7)
    assert [route.index for route in table.routes] == [7]
    assert urls(table) == ["/a"]


def test_the_program_that_was_run_is_one_of_the_users_files(tmp_path: Path) -> None:
    """Reason: as ``__main__`` it is loaded no more, so that nothing else names it."""
    program = tmp_path / "program.py"
    program.write_text("")

    class Nothing(Router): ...

    file = str(program.resolve())
    assert file not in route_table(Nothing()).places.python
    assert file in route_table(Nothing(), program=str(program)).places.python
    tables = route_tables([Nothing(), Nothing()], program=str(program))
    assert all(file in table.places.python for table in tables)
