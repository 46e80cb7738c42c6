from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tornado.routing import PathMatches, Rule
from tornado.web import Application, RequestHandler

from tornkit.regex.backtracking.trial import Job, Outcome, Proof, TrialUndecided
from tornkit.routing.checks import backtracking
from tornkit.routing.checks.backtracking import check
from tornkit.routing.model import Finding, Origin, Places
from tornkit.routing.tables import route_table


class Page(RequestHandler):
    def get(self, *args: str, **kwargs: str) -> None: ...


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """What would be tried; nothing is, and every job is taken for proved."""
    seen: list[Job] = []

    def outcomes(jobs: Sequence[Job]) -> Any:
        seen.extend(jobs)
        for job in jobs:
            attack = job.attacks[0]
            yield Proof(attack, attack.suffixes[0], ((20, 22, 0.1, True), (22, 24, 0.4, True)))

    monkeypatch.setattr(backtracking, "outcomes", outcomes)
    return seen


def found_in(application: object) -> list[Finding]:
    return list(check(route_table(application)))


def codes_and_routes(application: object) -> list[tuple[str, int | None]]:
    return [(each.code, each.route) for each in found_in(application)]


def test_what_is_slow_is_proved_and_told() -> None:
    application = Application([(r"/a/(\d+)", Page), (r"/tags/((?:\w+,?)+)/edit", Page)])
    (found,) = found_in(application)
    assert (found.code, found.route) == ("TK701", 1)
    assert found.where == route_table(application).routes[1].where
    assert re.fullmatch(
        r"the pattern can be made to run for ages: the time (doubles|grows \S+ times|multiplies) "
        r"with each character more, and \d+ characters take (more than )?\S+ s; let each .*",
        found.message,
    )
    assert found.witness is not None
    assert found.witness.startswith("/tags/")
    assert len(found.witness) < 60


def test_a_third_power_is_proved_and_told() -> None:
    for tries_left in (2, 1, 0):
        (found,) = found_in(Application([(r"/f/(.*)/(.*)/(.*)/edit", Page)]))
        assert found.code == "TK701"
        # It is measured: on a busy machine it may be that only "more than the length" is told.
        if "grows with the 3rd power of the length" in found.message:
            break
        assert tries_left, found.message
    assert found.witness is not None
    assert re.fullmatch(r"/f/.*….* \([\d,]+ characters\)", found.witness)


def test_hosts_are_the_clients_choice_too(jobs: list[Job]) -> None:
    application = Application()
    application.add_handlers(r"(?:[a-z]+-?)+\.example\.com", [(r"/a", Page), (r"/b", Page)])
    (found,) = found_in(application)
    assert (found.code, found.route) == ("TK701", 0)
    assert found.message.startswith(r"the host pattern (?:[a-z]+-?)+\.example\.com can be made")
    text = jobs[0].attacks[0].text(20, jobs[0].attacks[0].suffixes[0])
    assert text == text.lower()
    assert not re.search(r"[/:%,]", text)


def test_default_host_is_not(jobs: list[Job]) -> None:
    application = Application(default_host="a.example.com")
    application.add_handlers(r"(?:[a-z]+-?)+\.example\.com", [(r"/a", Page)])
    assert codes_and_routes(application) == [("TK701", 0)]
    assert len(jobs) == 1


def test_an_installed_packages_pattern_is_left_as_by_all_other_checks(jobs: list[Job]) -> None:
    application = Application([(r"/([a-z]+)+$", Page)])
    application.add_handlers(r"([a-z]+)+\.com", [(r"/([0-9]+)+$", Page)])
    table = route_table(application)
    routes = tuple(replace(route, origin=Origin.PACKAGE) for route in table.routes)
    for file, tried in (((), 3), (("/project/app.py",), 1)):
        jobs.clear()
        list(check(replace(table, routes=routes, places=Places(file))))
        assert len(jobs) == tried
    assert jobs[0].regex.pattern == r"([a-z]+)+\.com$"  # a host rule is the application's


def test_each_pattern_is_tried_once_and_told_at_the_first_route(jobs: list[Job]) -> None:
    outer = Rule(PathMatches(r"/(?:a+)+/.*"), [(r"/a+/x", Page), (r"/a+/y", Page)])
    application = Application([(r"/b", Page), outer, (r"/(c|c)*", Page), (r"/(c|c)*", Page)])
    assert codes_and_routes(application) == [("TK701", 1), ("TK701", 3)]
    assert len(jobs) == 2


def test_what_the_routes_before_it_take_is_not_tried(jobs: list[Job]) -> None:
    application = Application([(r"/(.*)", Page), (r"/(a+)+", Page)])
    (found,) = found_in(application)
    assert found.code == "TK000"
    assert "taken by routes before it" in found.message
    assert jobs == []


def test_what_the_router_above_does_not_let_through_is_not_tried(jobs: list[Job]) -> None:
    application = Application([Rule(PathMatches(r"/b.*"), [(r"/(a+)+", Page)])])
    assert codes_and_routes(application) == [("TK000", 0)]
    assert jobs == []


def test_under_a_host_rule_the_string_is_sent_to_that_host(jobs: list[Job]) -> None:
    application = Application([(r"/.*", Page)])
    application.add_handlers(r"a\.com", [(r"/(a+)+", Page)])
    assert codes_and_routes(application) == [("TK701", 0)]


@pytest.mark.parametrize(
    ("outcome", "pattern", "expected"),
    [
        (None, r"/(a+)+", []),
        (None, r"/(?<=/)(a+)+", ["it has a look-behind, and nothing that was tried was slow"]),
        (TrialUndecided("because"), r"/(a+)+", ["because"]),
    ],
)
def test_what_was_not_proved_is_no_defect(
    monkeypatch: pytest.MonkeyPatch, outcome: Outcome, pattern: str, expected: list[str]
) -> None:
    monkeypatch.setattr(backtracking, "outcomes", lambda jobs: iter([outcome] * len(jobs)))
    found = found_in(Application([(pattern, Page)]))
    assert {each.code for each in found} <= {"TK000"}
    assert [each.message.partition("ages: ")[2] for each in found] == expected


@pytest.mark.parametrize(
    "pattern",
    [
        "/" + "a*" * 3000,
        "/" + "(?>" * 50 + "a+b?" + ")+" * 50,
        "/(?:" + "|".join(f"x{n}y" for n in range(1600)) + ")*",
    ],
)
def test_what_is_too_much_is_undecided(pattern: str, jobs: list[Job]) -> None:
    (found,) = found_in(Application([(pattern, Page)]))
    assert found.code == "TK000"
    assert jobs == []


def test_ordinary_routes_cost_next_to_nothing_and_no_process(jobs: list[Job]) -> None:
    shapes = [
        "/s{}",
        "/s{}/([^/]+)",
        r"/s{}/(\d+)/([^/]+)",
        "/s{}/([^/]+)/([^/]+)/([^/]+)",
        "/s{}/(.*)",
        r"/s{}/(?P<name>\w+)/(?P<id>[0-9a-f-]{{36}})",
        r"/s{}(?:/(\d+))?/?",
        "/s{}/((?:[^/]+/)*)([^/]+)",
        r"/s{}/(\d{{4}})-(\d{{2}})/(.*)\.html",
    ]
    patterns = [shape.format(number) for number in range(112) for shape in shapes]
    table = route_table(Application([(pattern, Page) for pattern in patterns]))
    began = time.process_time()
    assert list(check(table)) == []
    assert time.process_time() - began < 1.5  # a fraction of it, where nothing else is at work
    assert jobs == []
