"""A request followed down a table. `test_match` asks Tornado itself about random ones."""

from __future__ import annotations

from typing import Any

from tornado.routing import AnyMatches, Matcher, PathMatches, Router, Rule, RuleRouter
from tornado.web import Application, ErrorHandler, RedirectHandler, RequestHandler

from tornkit.routing.matching.answers import MatchVerdict
from tornkit.routing.matching.asked import asked
from tornkit.routing.matching.explain import Explanation, explain
from tornkit.routing.matching.nearness import Why
from tornkit.routing.model import Fallback
from tornkit.routing.reading.extract import unreversed_tables


class Home(RequestHandler):
    def get(self, *args: str) -> None: ...


class Last(RequestHandler):
    def post(self, *args: str) -> None: ...


class Custom(Matcher): ...


def explained(application: Any, url: str, *headers: str, method: str = "GET") -> Explanation:
    table = unreversed_tables([application])[0].table
    return explain(table, asked(url, method, headers), "6.6")


def taken(found: Explanation) -> str:
    assert found.step is not None
    return found.step.target.short_name


def test_all_before_the_route_that_takes_it_were_passed_over_in_order() -> None:
    rules = [("/a", Home), ("/posts", Home), (r"/posts/(\d+)", Last), ("/posts/.*", Home)]
    found = explained(Application(rules), "/posts/7", method="POST")
    assert taken(found) == "Last"
    assert [each.route.index for each in found.passed] == [0, 1]
    assert [each.miss.why for each in found.passed] == [Why.PATH, Why.ENDS_BEFORE]
    assert [route.index for route in found.later] == [3]


def test_a_later_route_of_the_method_is_no_help() -> None:
    found = explained(Application([("/a", Home), ("/a", Last)]), "/a", method="POST")
    assert found.reply.status == 405
    assert [route.index for route in found.later] == [1]
    assert not found.answered


def test_nothing_takes_it() -> None:
    found = explained(Application([("/a", Home)]), "/b")
    assert isinstance(found.step, Fallback)
    assert (found.reply.verdict, found.answered) == (MatchVerdict.NOT_FOUND, False)
    assert found.later == ()


def test_a_line_that_stands_for_a_named_router_is_no_route_that_was_passed_over() -> None:
    rules: list[Any] = [Rule(PathMatches("/in/.*"), [("/in/a", Home)], name="in"), ("/b", Home)]
    found = explained(Application(rules), "/b")
    assert [each.route.index for each in found.passed] == [1]


def test_the_404_of_a_nested_application_hides_what_is_behind() -> None:
    inner = Application([("/in/there", Home)])
    found = explained(Application([(PathMatches("/in/.*"), inner), ("/in/x", Home)]), "/in/x")
    assert isinstance(found.step, Fallback)
    assert [route.index for route in found.later] == [1]


def test_host_rules_and_default_host() -> None:
    application = Application([("/", Last)], default_host="a.com")
    application.add_handlers(r"a\.com", [("/", Home)])
    by_host = explained(application, "http://A.com:80/")
    assert (taken(by_host), by_host.passed) == ("Home", ())
    elsewhere = explained(application, "/")
    assert taken(elsewhere) == "Last"
    assert [each.miss.why for each in elsewhere.passed] == [Why.HOST]
    assert [route.is_copy for route in elsewhere.later] == [True]
    proxied = explained(Application([], default_host="a.com"), "/", "X-Real-Ip: 1")
    assert not proxied.answered


def test_behind_a_proxy_the_copy_under_default_host_is_off() -> None:
    application = Application([], default_host="a.com")
    application.add_handlers(r"a\.com", [("/", Home)])
    assert taken(explained(application, "/")) == "Home"
    found = explained(application, "/", "X-Real-Ip: ")
    assert [each.miss.why for each in found.passed] == [Why.HOST, Why.BEHIND_PROXY]


def test_a_matcher_of_ones_own_is_undecided() -> None:
    found = explained(Application([(Custom(), Home), ("/a", Last)]), "/a")
    (undecided,) = found.undecided
    assert undecided.why == "the matcher Custom"
    assert undecided.reply.call == "Home.get"
    assert undecided.reply.caveats == ("the arguments are its matcher's",)
    assert found.reply.status == 405
    assert found.answered  # perhaps: nobody can be sure that it is not


def test_what_is_undecided_between_two_errors_is_an_error() -> None:
    gone = (Custom(), ErrorHandler, {"status_code": 410})
    found = explained(Application([gone]), "/a")
    assert [each.reply.status for each in found.undecided] == [410]
    assert not found.answered


def test_a_custom_matcher_may_give_a_redirect_its_fields() -> None:
    rule = (Custom(), RedirectHandler, {"url": "/{0}"})
    found = explained(Application([rule]), "/a")
    assert found.undecided[0].reply.verdict is MatchVerdict.HANDLER


def test_a_router_of_ones_own_is_undecided() -> None:
    class Opaque(Router): ...

    found = explained(Application([("/a", Opaque())]), "/a")
    (undecided,) = found.undecided
    assert (undecided.why, undecided.reply.verdict) == ("the router Opaque", MatchVerdict.DELEGATE)


def test_below_an_overridden_find_handler_anything_may_come() -> None:
    class Tracing(RuleRouter):
        def find_handler(self, request: Any, **kwargs: Any) -> Any: ...

    inner = Application([("/a", Last)])
    found = explained(Application([(AnyMatches(), Tracing([("/a", inner)]))]), "/a")
    assert {each.why for each in found.undecided} == {"the find_handler of Tracing"}
    assert not any(each.reply.answered for each in found.undecided)
    assert found.answered


def test_outside_of_an_application_the_end_is_tornados_own_404() -> None:
    found = explained(RuleRouter([("/a", Application([("/a", Home)]))]), "/b")
    assert found.step is None
    assert found.reply.status == 404
