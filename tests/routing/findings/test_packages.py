"""Tests of the decision that an installed package wrote a rule."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.routing.handmade import PAGE, a_route, a_table
from tornkit.routing.findings.packages import is_packages
from tornkit.routing.model import Origin, Places, Route, Source

FILE = "/project/app.py"
TABLE = replace(a_table([]), places=Places((FILE, "/project/more.py")))
FOREIGN = a_route("/x", origin=Origin.PACKAGE, target=replace(PAGE, name="shop.Handler"))


def test_a_rule_with_a_packages_handler_is_the_packages() -> None:
    assert is_packages(FOREIGN, TABLE)


@pytest.mark.parametrize("origin", [Origin.APP, Origin.TORNADO])
def test_other_handlers_say_nothing_of_a_package(origin: Origin) -> None:
    assert not is_packages(replace(FOREIGN, origin=origin), TABLE)


@pytest.mark.parametrize(
    ("route", "packages"),
    [
        (replace(FOREIGN, declared=Source(FILE, 3)), False),
        (replace(FOREIGN, declared=Source("/lib/site-packages/shop/urls.py", 3)), True),
        # What the handler's own file is says who wrote the handler.
        (replace(FOREIGN, target=replace(FOREIGN.target, source=Source(FILE, 3))), True),
    ],
)
def test_the_line_of_the_rule_itself_decides_where_it_is_known(
    route: Route, packages: bool
) -> None:
    assert is_packages(route, TABLE) is packages


@pytest.mark.parametrize(
    ("name", "packages"),
    [
        ("tornado.web.StaticFileHandler", False),
        ("tornado_extras.Handler", True),
        ("shop.tornado.Handler", True),
    ],
)
def test_a_handler_of_tornados_may_be_in_anybodys_rule(name: str, packages: bool) -> None:
    assert is_packages(replace(FOREIGN, target=replace(PAGE, name=name)), TABLE) is packages


def test_an_application_that_is_installed_itself_is_its_users() -> None:
    """Reason: nothing of the user's is loaded, so the package is what was asked about."""
    assert not is_packages(FOREIGN, a_table([]))
    assert not is_packages(FOREIGN, replace(TABLE, places=Places(templates=("/project/t",))))
