"""What code of the user's own may put right is undecided; what it does not touch is not."""

from __future__ import annotations

import asyncio
import functools
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.routing import PathMatches
from tornado.web import (
    Application,
    RequestHandler,
    StaticFileHandler,
)

from tests.routing.checks.specimens import (
    REGEX,
    GivenAMethod,
    One,
    Slashed,
    codes,
    findings,
    message,
    status,
)
from tornkit.routing.checks.handlers import check
from tornkit.routing.model import Finding, Places, RouteTable
from tornkit.routing.tables import route_table


class Renumbering(RequestHandler):
    def prepare(self) -> None:
        self.path_args = self.path_args[:1]

    def get(self, ident: str) -> None:
        self.write("seen")


def keeping_one(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any) -> Any:
        args = args[:1]
        return method(self, *args)

    return wrapper


class KeepingOne(RequestHandler):
    @keeping_one
    def get(self, ident: str) -> None:
        self.write("seen")


class Executing(RequestHandler):
    async def _execute(self, transforms: Any, *args: Any, **kwargs: Any) -> None:
        await super()._execute(transforms, *args[:1])

    def get(self, ident: str) -> None:
        self.write("seen")


class FirstGroupOnly(Application):
    def get_handler_delegate(self, *args: Any, **kwargs: Any) -> Any:
        kwargs["path_args"] = kwargs["path_args"][:1]
        return super().get_handler_delegate(*args, **kwargs)


class Searching(Application):
    def find_handler(self, request: Any, **kwargs: Any) -> Any:
        delegate = super().find_handler(request, **kwargs)
        delegate.path_args = delegate.path_args[:1]
        return delegate


class FirstGroup(PathMatches):
    def match(self, request: Any) -> dict[str, Any] | None:
        found = super().match(request)
        return None if found is None else {"path_args": found["path_args"][:1]}


@pytest.mark.parametrize(
    ("application", "reason"),
    [
        (Application([(REGEX["two"], Renumbering)]), "prepare may change them"),
        (Application([(REGEX["two"], KeepingOne)]), "a decorator may pass others"),
        (FirstGroupOnly([(REGEX["two"], One)]), "overrides get_handler_delegate"),
        (Searching([(REGEX["two"], One)]), "Searching overrides find_handler"),
        (Application([(REGEX["two"], Executing)]), None),
        (Application([(FirstGroup(REGEX["two"]), One)]), None),
    ],
)
def test_what_code_of_the_users_own_may_put_right(
    application: Application, reason: str | None
) -> None:
    found = findings(application)
    assert [finding.code for finding in found] == (["TK000"] if reason else [])
    assert all((reason or "") in finding.message for finding in found)
    assert asyncio.run(status(application, "/x/ab")) == 200
    # Where nothing would be wrong, there is no doubt either.
    application.wildcard_router.rules[0].matcher = PathMatches(REGEX["one"])
    assert findings(application) == []


class GivenByName(GivenAMethod):
    def initialize(self) -> None:
        setattr(self, "get", self.show)  # noqa: B010 - as a loop over names would


class KeepingAttributes(RequestHandler):
    def initialize(self, **settings: object) -> None:
        for name, value in settings.items():
            setattr(self, name, value)


@pytest.mark.parametrize("handler", [GivenAMethod, GivenByName])
def test_a_method_that_is_given_later(handler: type[RequestHandler]) -> None:
    rule = ("/x", handler)
    assert codes(rule) == ["TK000"]
    assert message(rule).endswith("; but initialize may give it one")
    assert asyncio.run(status(Application([rule]), "/x")) == 200


def test_attributes_are_no_methods() -> None:
    assert codes(("/x", KeepingAttributes, {"db": 1})) == ["TK403"]


class TestFolders:
    def checked(self, folder: Path, source: str) -> list[Finding]:
        file = folder / "app.py"
        file.write_text(textwrap.dedent(source))
        table = route_table(
            Application([(r"/x/(.*)", StaticFileHandler, {"path": folder / "made"})])
        )
        return list(check(RouteTable(table.routes, (), Places((str(file),)))))

    def test_one_that_somebody_may_make_is_undecided(self, tmp_path: Path) -> None:
        (found,) = self.checked(tmp_path, "import os\nos.makedirs('made')\n")
        assert found.code == "TK000"
        assert found.message.endswith("; but app.py:2 makes folders, perhaps this one")

    def test_a_path_that_is_none_is_not_made(self, tmp_path: Path) -> None:
        file = tmp_path / "app.py"
        file.write_text("import os\nos.mkdir('made')\n")
        table = route_table(Application([(r"/x/(.*)", StaticFileHandler, {"path": None})]))
        (found,) = check(RouteTable(table.routes, (), Places((str(file),))))
        assert found.code == "TK404"

    @pytest.mark.parametrize("source", ["makedirs = 1\n", "# mkdir()\n", "def broken(mkdir"])
    def test_one_that_nobody_makes_is_missing(self, tmp_path: Path, source: str) -> None:
        (found,) = self.checked(tmp_path, source)
        assert found.code == "TK404"
        assert str(tmp_path / "made") in found.message

    def test_one_that_is_there(self, tmp_path: Path) -> None:
        (tmp_path / "made").mkdir()
        assert self.checked(tmp_path, "") == []

    def test_the_working_directory_counts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rule = (r"/x/(.*)", StaticFileHandler, {"path": "files"})
        monkeypatch.chdir(tmp_path)
        assert str(tmp_path / "files") in message(rule)
        (tmp_path / "files").mkdir()
        assert codes(rule) == []

    def test_one_that_stands_beside_the_code(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (tmp_path / "files").mkdir()
        monkeypatch.chdir(elsewhere)
        table = route_table(Application([(r"/x/(.*)", StaticFileHandler, {"path": "files"})]))
        places = Places((str(tmp_path / "app.py"),))
        (found,) = check(RouteTable(table.routes, (), places))
        assert found.code == "TK000"
        assert f"but {tmp_path / 'files'} does" in found.message

    def test_the_three_routes_of_static_path_are_one_mistake(self, tmp_path: Path) -> None:
        table = route_table(Application(static_path=str(tmp_path / "none")))
        found = list(check(RouteTable(table.routes)))
        assert [(each.code, each.route) for each in found] == [("TK404", 2)]
        assert codes(static_path=str(tmp_path)) == []


def test_whether_a_path_gets_past_addslash_may_be_beyond_the_analysis() -> None:
    said = message((r"/(a|b)c\1/", Slashed))
    assert said.startswith("undecided: get() takes no argument and is given 1")
    assert said.endswith("but addslash may answer whatever the pattern matches")
