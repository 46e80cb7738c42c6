"""Which route of a table is which of another."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.web import Application, RedirectHandler

from tests.routing.saved_tables import Form, Home, Other, saved, written
from tornkit.routing.comparing.pairing import pairs_of
from tornkit.routing.comparing.saved import read


def paired(old: list[Any], new: list[Any]) -> dict[int, int]:
    """New index -> old index."""
    return {
        after.index: before.index
        for before, after in pairs_of(saved(*old).routes, saved(*new).routes)
    }


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([("/a", Home)], [("/a", Home)], {0: 0}),
        ([("/a", Home), ("/b", Form)], [("/b", Form), ("/a", Home)], {0: 1, 1: 0}),
        # The pattern stays, and another handler or name.
        ([("/a", Home)], [("/a", Form)], {0: 0}),
        ([("/a", Home, {}, "x")], [("/a", Home, {}, "y")], {0: 0}),
        # The name stays, or the handler.
        ([("/a", Home, {}, "x")], [("/b", Form, {}, "x")], {0: 0}),
        ([("/a", Home)], [("/b", Home)], {0: 0}),
        # A handler of several routes says nothing about which.
        ([("/a", Home)], [("/b", Home), ("/c", Home)], {}),
        ([("/a", Home), ("/b", Home)], [("/c", Home)], {}),
        # Nor do Tornado's own.
        ([("/a", RedirectHandler, {"url": "/"})], [("/b", RedirectHandler, {"url": "/"})], {}),
        ([("/a", Home)], [("/b", Form)], {}),
        # The same pattern twice: the handler tells them apart, and then their order.
        ([("/a", Home), ("/a", Form)], [("/a", Form)], {0: 1}),
        ([("/a", Home), ("/a", Home)], [("/a", Home), ("/a", Home), ("/a", Home)], {0: 0, 1: 1}),
        # The closest wins: what stays as it is does not lend its name to another.
        (
            [("/a", Home, {}, "x"), ("/b", Form, {}, "y")],
            [("/a", Form, {}, "y"), ("/b", Home, {}, "x")],
            {0: 0, 1: 1},
        ),
        ([("/a", Home), ("/b", Other)], [("/c", Home), ("/a", Home)], {1: 0}),
    ],
)
def test_pairs(old: list[Any], new: list[Any], expected: dict[int, int]) -> None:
    assert paired(old, new) == expected


def test_one_application_more() -> None:
    first, second = Application([("/", Home)]), Application([("/", Form), ("/b", Other)])
    old, new = read(written(second)), read(written(first, second))
    pairs = pairs_of(old.routes, new.routes)
    assert [(before.index, after.index) for before, after in pairs] == [(0, 1), (1, 2)]


def test_a_document_without_conditions() -> None:
    old, new = saved(("/a", Home)), saved(("/b", Form), ("/a", Form))
    for route in old.routes:
        route.row.pop("conditions")  # type: ignore[attr-defined]
    assert [(a.index, b.index) for a, b in pairs_of(old.routes, new.routes)] == [(0, 1)]


def test_routes_of_default_host_are_paired_with_each_other() -> None:
    def table(name: str) -> Any:
        app = Application([("/", Home)], default_host="a.com")
        app.add_handlers(r"a\.com", [("/a", Form, {}, name)])
        return read(written(app)).routes

    assert [(a.index, b.index) for a, b in pairs_of(table("x"), table("y"))] == [
        (0, 0),
        (1, 1),
        (2, 2),
    ]
