"""Documents that were saved, by this tornkit, by older ones, and by nobody's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tornado.routing import PathMatches, Rule, RuleRouter
from tornado.web import Application

from tests.routing.saved_tables import Form, Home, document, saved, written
from tornkit.routing.comparing.saved import UNKNOWN, NotATable, read
from tornkit.routing.conditions import CustomCondition, DefaultHostCondition, HostCondition


def test_what_was_written_is_read() -> None:
    table = saved(("/", Home, {}, "home"), (r"/form/(\d+)", Form))
    assert (table.app, [route.index for route in table.routes]) == ("app.py", [0, 1])
    home, form = table.routes
    assert (home.name, home.pattern, home.host, home.application) == ("home", "/", "", 0)
    assert (form.name, form.pattern, form.beginning) == (None, r"/form/(\d+)", "/form/")
    assert form.target.endswith(".Form")
    assert table.not_found == ((0, "tornado.web.ErrorHandler"),)


def test_conditions_come_back() -> None:
    app = Application([("/", Home)], default_host="a.com")
    app.add_handlers(r"a\.com", [("/a", Home)])
    table = read(written(RuleRouter([Rule(PathMatches("/.*"), app)])))
    kinds = [{type(condition) for condition in route.conditions or ()} for route in table.routes]
    assert [HostCondition in kind for kind in kinds] == [True, False, False]
    assert [DefaultHostCondition in kind for kind in kinds] == [False, False, True]
    assert [route.pattern for route in table.routes] == ["/.* & /a", "/.* & /", "/.* & /a"]


def test_sorted_documents_are_put_in_match_order() -> None:
    found = document(("/b", Home), ("/a", Home))
    found["routes"].reverse()
    assert [route.pattern for route in read(json.dumps(found)).routes] == ["/b", "/a"]


def test_what_an_older_document_lacks_is_unknown() -> None:
    table = read(json.dumps({"routes": [{"index": 0, "path": "/a", "target": "x.Y"}]}))
    (route,) = table.routes
    assert route.get("kwargs") is UNKNOWN
    assert (route.pattern, route.conditions, route.beginning) == ("/a", None, "")
    assert table.not_found is None


def test_conditions_that_this_python_can_not_read() -> None:
    found = document(("/a", Home))
    found["routes"][0]["conditions"][0]["regex"] = "(?<broken>"
    assert read(json.dumps(found)).routes[0].conditions is None
    found["routes"][0]["conditions"][0]["kind"] = "of tomorrow"
    assert read(json.dumps(found)).routes[0].conditions is None


def test_a_matcher_of_ones_own() -> None:
    found = document(("/a", Home))
    found["routes"][0]["conditions"] = [{"kind": "custom", "matcher": "Mine", "regex": "/x"}]
    (route,) = read(json.dumps(found)).routes
    assert route.conditions == (CustomCondition("Mine", "/x"),)
    assert route.pattern == "<Mine /x>"


def test_another_folder_stands_for_the_one_it_was_made_in() -> None:
    found = document(("/a", Home))
    found["routes"][0]["kwargs"] = {"path": "'/tmp/x/static'"}
    found["findings"] = [{"code": "TK404", "message": "/tmp/x/static is missing"}]
    table = read(json.dumps(found), moved=("/tmp/x", "/home/me"))
    assert table.routes[0].get("kwargs") == {"path": "'/home/me/static'"}
    assert table.findings[0]["message"] == "/home/me/static is missing"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is not JSON"),
        ("[1", "it is not JSON"),
        ("[]", "it has no routes"),
        ('{"routes": {}}', "it has no routes"),
        ('{"routes": [1]}', "not of the form"),
        ('{"routes": [{}]}', "not of the form"),
        ('{"routes": [{"index": "x"}]}', "not of the form"),
        ('{"routes": [], "findings": [1]}', "not of the form"),
        ('{"routes": [], "version": 2}', "a newer tornkit"),
        ('{"routes": [], "version": "2"}', "a newer tornkit"),
        ('{"routes": [], "summary": {"routes": 3}}', "it has 0 of 3 routes"),
        ('{"routes": [], "summary": {"not_found": [1]}}', "not of the form"),
        ("[" * 100_000, "it is not JSON"),
    ],
)
def test_what_is_no_table(text: str, says: str) -> None:
    with pytest.raises(NotATable) as caught:
        read(text)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("summary", [None, {}])
def test_a_summary_is_no_condition(summary: Any) -> None:
    assert read(json.dumps({"routes": [], "summary": summary})).routes == ()
