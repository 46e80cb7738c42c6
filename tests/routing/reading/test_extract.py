from __future__ import annotations

import re
from typing import Any

import pytest
from tornado.httputil import HTTPServerConnectionDelegate
from tornado.routing import (
    AnyMatches,
    HostMatches,
    Matcher,
    PathMatches,
    ReversibleRuleRouter,
    Router,
    Rule,
    RuleRouter,
    URLSpec,
)
from tornado.web import (
    Application,
    ErrorHandler,
    FallbackHandler,
    RedirectHandler,
    RequestHandler,
    StaticFileHandler,
)
from tornado.websocket import WebSocketHandler
from tornado.wsgi import WSGIContainer

from tornkit.routing.conditions import (
    CustomCondition,
    DefaultHostCondition,
    HostCondition,
    PathCondition,
    ScopeKind,
)
from tornkit.routing.model import Origin, Route, RouteTable, Takes, TargetKind
from tornkit.routing.tables import route_table


class Home(RequestHandler):
    def get(self) -> None: ...


class Other(Home):
    def post(self) -> None: ...


class Delegate(HTTPServerConnectionDelegate): ...


class Opaque(Router): ...


def callback(request: object) -> None: ...


def wsgi_app(environ: Any, start_response: Any) -> Any: ...


def only(rule: Any, **settings: Any) -> Route:
    (route,) = route_table(Application([rule], **settings)).routes
    return route


def listed(table: RouteTable) -> list[tuple[str | None, str, str]]:
    """(host regex, path regex, target) of each route."""
    found = []
    for route in table.routes:
        by_kind = {type(condition): condition for condition in route.conditions}
        host = by_kind.get(HostCondition) or by_kind.get(DefaultHostCondition)
        path = by_kind[PathCondition]
        assert isinstance(path, PathCondition)
        assert isinstance(host, HostCondition | DefaultHostCondition | None)
        of_host = None if host is None else host.regex.pattern
        found.append((of_host, path.regex.pattern, route.target.short_name))
    return found


def test_match_order_of_hosts_static_files_and_default_host() -> None:
    application = Application([("/", Home)], default_host="a.com", static_path="/nowhere")
    application.add_handlers(r"a\.com", [("/a", Home), ("/aa", Other)])
    application.add_handlers(r"b\.com", [("/b", Other)])
    table = route_table(application)
    assert listed(table) == [
        (r"a\.com$", "/a$", "Home"),
        (r"a\.com$", "/aa$", "Other"),
        (r"b\.com$", "/b$", "Other"),
        (None, r"/(robots\.txt)$", "StaticFileHandler"),
        (None, r"/(favicon\.ico)$", "StaticFileHandler"),
        (None, r"/static/(.*)$", "StaticFileHandler"),
        (None, "/$", "Home"),
        (r"a\.com$", "/a$", "Home"),
        (r"a\.com$", "/aa$", "Other"),
        (r"b\.com$", "/b$", "Other"),
    ]
    assert [route.index for route in table.routes] == list(range(10))
    assert [route.is_copy for route in table.routes] == [False] * 7 + [True] * 3
    last = table.routes[-1].conditions[0]
    assert isinstance(last, DefaultHostCondition)
    assert not last.possible
    assert last.default_host == "a.com"


def test_only_the_routes_that_static_path_inserted_are_tornados() -> None:
    rules = [(r"/assets/(.*)", StaticFileHandler, {"path": "/nowhere"})] * 2
    table = route_table(Application(rules, static_path="/nowhere", static_url_prefix="/assets/"))
    assert [route.origin for route in table.routes] == [Origin.TORNADO] * 3 + [Origin.APP] * 2

    class Own(StaticFileHandler): ...

    own = Application(static_path="/nowhere", static_handler_class=Own)
    assert {route.origin for route in route_table(own).routes} == {Origin.TORNADO}
    assert only((r"/(robots\.txt)", StaticFileHandler, {"path": "x"})).origin is Origin.APP
    late = Application([(r"/static/(.*)", StaticFileHandler, {"path": "x"})])
    late.settings["static_path"] = "/nowhere"  # too late: Tornado has inserted nothing
    assert {route.origin for route in route_table(late).routes} == {Origin.APP}


def test_handlers_of_installed_packages() -> None:
    handler = type("Borrowed", (Home,), {})
    assert only(("/", handler)).origin is Origin.APP
    assert only(("/", pytest.fixture)).origin is Origin.PACKAGE
    assert only(("/", RedirectHandler, {"url": "/"})).origin is Origin.APP


def test_nested_routers_depth_first() -> None:
    inner = Application([("/in/app", Home)])
    router = RuleRouter([("/in/callback", callback), (PathMatches("/in/.*"), inner)])
    application = Application(
        [
            ("/first", Home),
            (PathMatches("/in/.*"), [("/in/list", Home), (HostMatches("h"), [("/deep", Other)])]),
            (AnyMatches(), router),
            ("/last", Home),
        ]
    )
    table = route_table(application)
    chains = [
        [c.regex.pattern for c in route.conditions if not isinstance(c, CustomCondition)]
        for route in table.routes
    ]
    assert chains == [
        ["/first$"],
        ["/in/.*$", "/in/list$"],
        ["/in/.*$", "h$", "/deep$"],
        ["/in/callback$"],
        ["/in/.*$", "/in/app$"],
        ["/last$"],
    ]
    assert [(fallback.position, len(fallback.scopes)) for fallback in table.fallbacks] == [
        (5, 4),
        (6, 1),
    ]
    assert [scope.kind for scope in table.routes[4].scopes] == [
        ScopeKind.APPLICATION,
        ScopeKind.RULES,
        ScopeKind.ROUTER,
        ScopeKind.APPLICATION,
        ScopeKind.RULES,
    ]


@pytest.mark.parametrize(
    ("target", "kind", "takes", "name"),
    [
        (Home, TargetKind.HANDLER, Takes.ALWAYS, "Home"),
        ("tornado.web.RedirectHandler", TargetKind.REDIRECT, Takes.ALWAYS, "RedirectHandler"),
        (Opaque(), TargetKind.ROUTER, Takes.MAYBE, "Opaque"),
        (Delegate(), TargetKind.DELEGATE, Takes.ALWAYS, "Delegate"),
        (Delegate, TargetKind.CALLABLE, Takes.ALWAYS, "Delegate"),
        (callback, TargetKind.CALLABLE, Takes.ALWAYS, "callback"),
        (lambda request: None, TargetKind.CALLABLE, Takes.ALWAYS, "<lambda>"),
        (len, TargetKind.CALLABLE, Takes.ALWAYS, "len"),
        (WSGIContainer(wsgi_app), TargetKind.CALLABLE, Takes.ALWAYS, "WSGIContainer"),
        (None, TargetKind.NOTHING, Takes.NEVER, "None"),
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_targets(target: Any, kind: TargetKind, takes: Takes, name: str) -> None:
    route = only(("/", target))
    assert (route.target.kind, route.takes, route.target.short_name) == (kind, takes, name)
    bare = only((AnyMatches(), RuleRouter([("/", target)])))
    # Only an application's own router knows handlers; a plain one calls them.
    is_handler = kind in (TargetKind.HANDLER, TargetKind.REDIRECT)
    assert bare.target.kind is (TargetKind.CALLABLE if is_handler else kind)


def test_methods_that_are_really_implemented() -> None:
    class Socket(WebSocketHandler):
        def post(self) -> None: ...

    class Dav(Home):
        SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS, "PROPFIND", "LOCK")

        def propfind(self) -> None: ...

    class Careless(Other):
        SUPPORTED_METHODS: Any = "GET"

    class Gone(ErrorHandler):
        def prepare(self) -> None: ...

        def delete(self) -> None: ...

    def methods(handler: type[RequestHandler]) -> tuple[str, ...]:
        return only(("/", handler)).target.methods

    assert methods(RequestHandler) == ()
    assert methods(Other) == ("GET", "POST")
    assert methods(StaticFileHandler) == ("GET", "HEAD")
    assert methods(Socket) == ("WS", "POST")
    assert methods(Dav) == ("GET", "PROPFIND")
    assert methods(Careless) == ("GET",)
    assert methods(ErrorHandler) == ("*",)
    assert methods(FallbackHandler) == ("*",)
    assert methods(Gone) == ("DELETE",)
    assert only(("/", callback)).target.methods == ("*",)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_details() -> None:
    assert only(("/", RedirectHandler, {"url": "/new"})).target.detail == "to /new"
    assert only(("/", ErrorHandler, {"status_code": 410})).target.detail == "status 410"
    fallback = only((".*", FallbackHandler, {"fallback": WSGIContainer(wsgi_app)}))
    assert fallback.target.detail == f"calls {__name__}.wsgi_app"
    plain = only((".*", FallbackHandler, {"fallback": callback}))
    assert plain.target.detail == f"calls {__name__}.callback"


def test_keyword_arguments() -> None:
    given = {"page_size": 10, "dsn": "db://me:hunter2@host", "token": "hunter2", "db": Delegate()}
    route = only(("/", Home, given))
    assert [(each.name, each.shown) for each in route.kwargs] == [
        ("page_size", "10"),
        ("dsn", "'db://me:***@host'"),
        ("token", "'***'"),
        ("db", f"<{__name__}.Delegate>"),
    ]
    assert [each.value for each in route.kwargs] == list(given.values())
    assert "hunter2" not in repr(route)
    assert only(("/", Home)).kwargs == ()


def test_rules_of_one_target_that_differ_in_all_else() -> None:
    """What the others tell is not taken from one that stands elsewhere, or has keywords."""
    inner = Application([("/in", Home), ("/in/kwargs", Home, {"a": 1})])
    rules: list[Any] = [
        URLSpec("/named", Home, name="named"),
        ("/bare", Home),
        ("/kwargs", Home, {"a": 1}),
        Rule(PathMatches("/rule"), Home),
        Rule(HostMatches("a"), Home),
        Rule(PathMatches("/in.*"), inner),
        ("/again", Home),
    ]
    table = route_table(Application(rules, default_host="b"))
    told = [
        (shown_pattern(each), each.name, bool(each.kwargs), len(each.scopes))
        for each in table.routes
    ]
    assert told == [
        ("/named$", "named", False, 2),
        ("/bare$", None, False, 2),
        ("/kwargs$", None, True, 2),
        ("/rule$", None, False, 2),
        ("a$", None, False, 2),
        ("/in$", None, False, 4),
        ("/in/kwargs$", None, True, 4),
        ("/again$", None, False, 2),
    ]
    assert [route.index for route in table.routes] == list(range(8))
    assert {route.target for route in table.routes} == {table.routes[0].target}


def shown_pattern(route: Route) -> str:
    condition = route.condition
    assert isinstance(condition, PathCondition | HostCondition)
    return condition.regex.pattern


def test_keyword_arguments_that_are_none() -> None:
    (keyword,) = only(("/", RedirectHandler, "url")).kwargs
    assert (keyword.name, keyword.shown, keyword.value) == ("**", "'url'", "url")
    assert [each.name for each in only(("/", Home, {5: 1})).kwargs] == ["5"]


def test_a_target_that_can_not_be_shown() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise RuntimeError

    route = only(("/", Odd()))
    assert route.target.kind is TargetKind.NOTHING
    assert route.target.name.startswith(f"<{__name__}.")


def test_matchers_of_the_users_own() -> None:
    class OnlyPost(Matcher): ...

    class Guarded(PathMatches):
        def match(self, request: Any) -> Any: ...

    class Renamed(PathMatches): ...

    assert only((OnlyPost(), Home)).condition == CustomCondition("OnlyPost")
    assert only((Guarded("/x"), Home)).condition == CustomCondition("Guarded", "/x$")
    assert only((Renamed("/x"), Home)).condition == PathCondition(re.compile("/x$"))
    assert only((AnyMatches(), Home)).condition is None
    # Tornado takes it for a matcher and fails on each request; only URLSpec compiles.
    assert only((re.compile("/x"), Home)).condition == CustomCondition("re.Pattern", "/x")
    assert only(URLSpec(re.compile("/x"), Home)).condition == PathCondition(re.compile("/x"))


def test_routers_that_override_the_search_are_marked() -> None:
    class Tracing(RuleRouter):
        def find_handler(self, request: Any, **kwargs: Any) -> Any: ...

    class Handlers(RuleRouter):
        def get_target_delegate(self, target: Any, request: Any, **params: Any) -> Any: ...

    class App(Application):
        def find_handler(self, request: Any, **kwargs: Any) -> Any: ...

    traced = only((AnyMatches(), Tracing([("/", callback)])))
    assert traced.scopes[-1].overrides == ("find_handler",)
    assert traced.uncertain
    own = only((AnyMatches(), Handlers([("/", Home)])))
    assert own.scopes[-1].overrides == ("get_target_delegate",)
    assert (own.target.kind, own.takes) == (TargetKind.HANDLER, Takes.MAYBE)
    (in_app,) = route_table(App([("/", Home)])).routes
    assert in_app.scopes[0].overrides == ("find_handler",)
    assert not only(("/", Home)).uncertain


def test_a_named_rule_that_leads_to_a_router_has_a_line_of_its_own() -> None:
    rules: list[Any] = [(PathMatches("/in/.*"), [("/in/x", Home)], {}, "inside"), ("/in/y", Home)]
    opening, inner, after = route_table(Application(rules)).routes
    assert (opening.name, opening.takes, opening.target.methods) == ("inside", Takes.NEVER, ())
    assert opening.opens == inner.scopes[-1].number
    assert (inner.index, after.index) == (1, 2)


@pytest.mark.parametrize(
    ("application", "kind", "count"),
    [
        (callback, TargetKind.CALLABLE, 1),
        (Delegate(), TargetKind.DELEGATE, 1),
        (Opaque(), TargetKind.ROUTER, 1),
        (RuleRouter([("/", callback), ("/x", Delegate())]), TargetKind.CALLABLE, 2),
        (ReversibleRuleRouter([("/", callback)]), TargetKind.CALLABLE, 1),
    ],
)
def test_the_whole_application_need_not_be_an_application(
    application: object, kind: TargetKind, count: int
) -> None:
    table = route_table(application)
    assert len(table.routes) == count
    assert table.routes[0].target.kind is kind
    assert table.fallbacks == ()


def test_a_router_within_itself() -> None:
    router = RuleRouter([("/", callback)])
    router.add_rules([("/again", router)])
    inner, again = route_table(router).routes
    assert inner.target.short_name == "callback"
    assert again.target.kind is TargetKind.ROUTER


def test_default_handler() -> None:
    (plain,) = route_table(Application()).fallbacks
    assert (plain.target.name, plain.target.detail) == ("tornado.web.ErrorHandler", "status 404")
    (own,) = route_table(Application(default_handler_class=Home)).fallbacks
    assert own.target.short_name == "Home"


def test_sources() -> None:
    source = only(("/", Home)).target.source
    assert source is not None
    assert source.file == __file__


def test_without_the_private_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Tornado that has moved them costs detail, not routes."""
    from tornkit.routing.reading import extract, targets

    monkeypatch.setattr(targets, "_UNIMPLEMENTED", None)
    monkeypatch.setattr(targets, "_AUTHENTICATED", None)
    monkeypatch.setattr(extract, "_APPLICATION_ROUTER", RuleRouter)
    application = Application([("/", Home), (AnyMatches(), [("/in", Rule)])])
    first, second = route_table(application).routes
    assert first.target.short_name == "Home"
    assert "GET" in first.target.methods
    assert isinstance(second.condition, PathCondition)
