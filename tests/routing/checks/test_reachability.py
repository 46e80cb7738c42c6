"""What is said of dead routes; whether it is true, `tests/routing/test_reachability.py` asks."""

from __future__ import annotations

from typing import Any

from tornado.routing import PathMatches, Rule
from tornado.web import Application, RequestHandler

from tornkit.routing.checks import reachability
from tornkit.routing.model import Finding, Severity
from tornkit.routing.tables import route_table


class Home(RequestHandler):
    def get(self, *args: str) -> None: ...


def found(application: Any) -> list[Finding]:
    return list(reachability.check(route_table(application)))


def of(*patterns: str, **settings: Any) -> list[Finding]:
    return found(Application([(pattern, Home) for pattern in patterns], **settings))


def test_a_route_that_another_covers() -> None:
    (finding,) = of("/x", "/posts/(.*)", "/posts/new")
    assert (finding.code, finding.severity, finding.route) == ("TK201", Severity.ERROR, 2)
    assert (finding.witness, finding.by) == ("/posts/new", (1,))
    assert finding.message == (
        "no request reaches it: route 1 /posts/(.*) takes whatever it matches"
    )
    assert finding.where is not None
    assert finding.where.file == __file__


def test_a_route_that_several_cover_together() -> None:
    (finding,) = of("/[a-m].*", "/[^a-m].*", "/.+")
    assert finding.by == (0, 1)
    assert "route 0 /[a-m].* and route 1 /[^a-m].* together take" in finding.message


def test_a_route_behind_what_static_path_inserts() -> None:
    (finding,) = of("/static/(.*)", static_path="/nowhere")
    assert finding.by == (2,)


def test_a_route_behind_a_nested_applications_404() -> None:
    inner = Application([("/a/x", Home)])
    (finding,) = found(Application([Rule(PathMatches("/a/.*"), inner), ("/a/y", Home)]))
    assert "the 404 of the Application before it takes" in finding.message
    assert finding.by == ()


def test_a_host_stands_in_the_witness() -> None:
    application = Application()
    application.add_handlers(r"api\.example\.com", [(".*", Home), ("/x", Home)])
    (finding,) = found(application)
    assert finding.witness == "//api.example.com/x"


def test_no_host_stands_in_the_witness_where_any_will_do() -> None:
    application = Application()
    application.add_handlers(".*", [(".*", Home), ("/x", Home)])
    (finding,) = found(application)
    assert finding.witness == "/x"


def test_a_witness_is_not_read_as_a_host() -> None:
    (finding,) = of("//.*", "//a")
    assert finding.witness == "//localhost//a"


def test_why_no_url_matches() -> None:
    findings = of("posts", "/a b", "/café", r"/x\?y", "/a(?!)")
    assert {finding.code for finding in findings} == {"TK202"}
    assert [finding.message.partition(": ")[2] for finding in findings] == [
        "a path begins with '/'",
        "the raw path never holds a space",
        "its letters arrive percent-encoded, as in %C3%A9 for é",
        "the raw path never holds a question mark",
        "",
    ]


def test_a_host_in_capitals() -> None:
    application = Application()
    application.add_handlers("Example.com", [("/x", Home)])
    (finding,) = found(application)
    assert (finding.code, finding.witness) == ("TK202", None)
    assert finding.message.endswith("a host is lower-cased before it is compared")


def test_what_is_undecided_says_why() -> None:
    finding = of(r"/(a+)\1", "/aaaa")[0]
    assert (finding.code, finding.severity, finding.route) == ("TK000", Severity.INFO, 1)
    assert finding.message.startswith("whether a request can reach it: ")


def test_a_common_table_is_silent() -> None:
    assert of("/", "/posts/new", r"/posts/(\d+)", "/posts/([a-z-]+)", "/static/(.*)", "/(.*)") == []
