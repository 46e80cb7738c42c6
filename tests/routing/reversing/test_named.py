"""One name reversed with chosen arguments."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tornado.routing import AnyMatches, PathMatches, Rule, RuleRouter, URLSpec
from tornado.web import Application, RequestHandler

from tornkit.routing.model import Outcome
from tornkit.routing.reading.extract import unreversed_tables
from tornkit.routing.reversing.named import NameAnswer, Reversed, reverse


class Home(RequestHandler):
    def get(self, *args: str) -> None: ...


def reversed_in(applications: list[Any], name: str, *args: str) -> Reversed:
    return reverse(unreversed_tables(applications), name, args)


def answer(rules: list[Any], name: str, *args: str) -> NameAnswer:
    found = reversed_in([Application(rules)], name, *args)
    assert found.first is not None
    return found.first


POST: tuple[Any, ...] = (r"/posts/([0-9]+)", Home, {}, "post")


def test_a_name_leads_to_its_url_and_back() -> None:
    found = answer([("/", Home), POST], "post", "7")
    assert (found.route.index, found.reversal.url) == (1, "/posts/7")
    assert found.leads_back


def test_arguments_are_percent_encoded_and_decoded() -> None:
    found = answer([(r"/tag/([^/]+)", Home, {}, "tag")], "tag", "café au lait")
    assert found.reversal.url == "/tag/caf%C3%A9%20au%20lait"
    assert found.leads_back


def test_named_groups_are_filled_by_position() -> None:
    pattern = r"/(?P<year>\d{4})/(?P<slug>[a-z-]+)"
    assert answer([(pattern, Home, {}, "slug")], "slug", "2020", "a-b").leads_back


@pytest.mark.parametrize(
    ("pattern", "args", "says"),
    [
        (r"/p/([0-9]+)", (), "takes 1 argument, ([0-9]+), such as --arg 1; none is given"),
        (r"/p/([0-9]+)", ("1", "2"), "takes 1 argument, ([0-9]+), such as --arg 1; 2 are given"),
        (r"/(\w+)/(\d+)", ("x",), r"takes 2 arguments, (\w+) (\d+), such as --arg"),
        ("/p", ("x",), "it takes no arguments; 1 is given"),
        ("/p/(-[a-z])", (), "such as --arg=-a; none"),
        ("/p/([ '])", (), "such as --arg '"),
    ],
)
def test_as_many_arguments_as_there_are_groups(
    pattern: str, args: tuple[str, ...], says: str
) -> None:
    found = answer([(pattern, Home, {}, "p")], "p", *args)
    assert found.reversal.outcome is Outcome.FAILS
    assert says in found.reversal.reason
    assert found.leads_back is False


def test_a_pattern_that_tornado_can_not_reverse_says_so_whatever_the_arguments() -> None:
    found = answer([(r"/(?:a|b)/(\d+)", Home, {}, "p")], "p")
    assert found.reversal.reason.startswith("ValueError: Cannot reverse")


def test_an_argument_that_the_group_does_not_take() -> None:
    found = answer([POST], "post", "x")
    assert found.reversal.outcome is Outcome.MISSES
    assert found.reversal.reason == "the pattern does not match it"


def test_a_url_that_another_route_takes() -> None:
    found = answer([(r"/posts/.*", Home), POST], "post", "7")
    assert (found.reversal.outcome, found.reversal.by) == (Outcome.TAKEN, (0,))


def test_what_code_of_ones_own_decides_is_undecided() -> None:
    class Own(Application):
        def reverse_url(self, name: str, *args: Any) -> str:
            return "https://elsewhere.org" + super().reverse_url(name, *args)

    found = reversed_in([Own([POST])], "post", "7").first
    assert found is not None
    assert found.reversal.url == "https://elsewhere.org/posts/7"
    assert found.leads_back is None


def test_the_last_of_two_equal_names_answers_and_the_other_is_told() -> None:
    found = reversed_in([Application([("/a", Home, {}, "x"), ("/b", Home, {}, "x")])], "x")
    (only,) = found.answers
    assert (only.route.index, only.reversal.url, only.others) == (1, "/b", (0,))


def test_each_application_has_names_of_its_own() -> None:
    inner = Application([("/in/home", Home, {}, "home")])
    outer = Application([(PathMatches("/in/.*"), inner), ("/", Home, {}, "home")])
    other = Application([("/other", Home, {}, "home")])
    found = reversed_in([outer, other], "home")
    assert [(each.application, each.reversal.url) for each in found.answers] == [
        (0, "/"),
        (0, "/in/home"),
        (1, "/other"),
    ]


def test_the_first_answer_with_a_url_is_the_first() -> None:
    broken = Application([(r"/(?:a)", Home, {}, "x")])
    found = reversed_in([broken, Application([("/b", Home, {}, "x")])], "x")
    assert found.first is not None
    assert found.first.application == 1


def test_a_copy_under_default_host_is_no_answer() -> None:
    application = Application([], default_host="a.com")
    application.add_handlers(r"a\.com", [("/", Home, {}, "home")])
    found = reversed_in([application], "home")
    (only,) = found.answers
    assert (only.leads_back, only.reversal.host) == (True, "a.com")


def test_a_name_in_a_router_that_can_not_reverse() -> None:
    router = RuleRouter([Rule(AnyMatches(), Application([]), name="x")])
    found = reversed_in([router], "x").first
    assert found is not None
    assert found.reversal.reason == "no router above it can reverse names"


def test_a_name_that_nobody_has() -> None:
    found = reversed_in([Application([POST, ("/", Home, {}, "home")])], "pots")
    assert (found.answers, found.first) == ((), None)
    assert (found.similar, found.names) == (("post",), 2)
    assert reversed_in([Application([POST])], "POST").similar == ("post",)
    assert reversed_in([Application([("/", Home)])], "x").names == 0


def test_a_compiled_pattern_reverses_like_any() -> None:
    assert answer([URLSpec(re.compile(r"/c/(\d+)$"), Home, {}, "c")], "c", "1").leads_back
