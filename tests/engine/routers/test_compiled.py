"""The compiled router is used where it may be, and steps aside where it may not."""

from __future__ import annotations

import gc
import re
import warnings
import weakref
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from tornado import web
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.routing import (
    AnyMatches,
    HostMatches,
    Matcher,
    PathMatches,
    Router,
    Rule,
    RuleRouter,
    URLSpec,
)
from tornado.web import Application, RequestHandler

from tests.engine.routers.asking import both, calls_of, made, told
from tests.engine.serving import EITHER, ServerClass, serving
from tornkit.engine.routers import Compiled, compiled, counted_rules, table

MANY = 40


@pytest.fixture(autouse=True, params=["a list", "counted"])
def _rules(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "counted":
        monkeypatch.setattr(RuleRouter, "__init__", counted_rules.initialise)


def handler(name: str) -> type[RequestHandler]:
    return type(name, (RequestHandler,), {})


Changed = handler("Changed")


def application(**settings: Any) -> Application:
    rules: list[Any] = [(rf"/{n}/(\d+)", handler(f"H{n}"), {"n": n}) for n in range(MANY)]
    return Application([*rules, ("/(39|other)/.*", handler("Last"))], **settings)


def router_to(target: Any) -> RuleRouter:
    return web._ApplicationRouter(Application(), [("/39/7", target)])


def rules_of(app: Application) -> list[Rule]:
    return app.wildcard_router.rules


def asked(router: Router, stand_in: Compiled, path: str) -> tuple[str | None, int]:
    """What the compiled router finds, and how often it calls Tornado's loop for that."""
    found: list[Any] = []
    loops = calls_of(
        RuleRouter.find_handler.__code__,
        lambda: found.append(told(stand_in.find_handler(router, made(path)))),
    )
    return found[0] and found[0][0], loops


def at_rest(router: Router, stand_in: Compiled) -> None:
    for _ in range(2 * table.PATIENCE + 2):
        stand_in.find_handler(router, made("/rest"))


class TestWhatIsSpared:
    def test_no_rule_is_asked_that_can_not_match(self) -> None:
        app, stand_in = application(), Compiled()
        matchers = PathMatches.match.__code__
        ask = lambda: stand_in.find_handler(app, made("/39/7"))  # noqa: E731
        assert calls_of(matchers, lambda: app.find_handler(made("/39/7"))) == MANY
        assert calls_of(matchers, ask) == 0
        assert asked(app, stand_in, "/39/7") == ("H39", 0)
        assert asked(app, stand_in, "/nowhere") == ("ErrorHandler", 0)

    @pytest.mark.parametrize("size", [0, 1, 2, 5])
    def test_small_tables_too_go_without_tornados_loop(self, size: int) -> None:
        stand_in = Compiled()
        app = Application([(f"/{n}", handler(f"H{n}")) for n in range(size)])
        for n in range(size):
            assert asked(app, stand_in, f"/{n}") == (f"H{n}", 0)
        assert asked(app, stand_in, "/x") == ("ErrorHandler", 0)

    def test_nested_routers_too(self) -> None:
        inner = application()
        router = RuleRouter(
            [(HostMatches("b.com"), application()), ("/.*", RuleRouter([("/.*", inner)]))]
        )
        stand_in = Compiled()
        assert asked(router, stand_in, "/39/1") == ("H39", 0)
        assert both(stand_in, router, "/39/1", "b.com")[0] == "H39"

    @pytest.mark.thorough
    def test_one_of_a_few_thousand_is_found_among_a_handful(self) -> None:
        for pattern, path in [
            (r"/api/v1/thing%d/(\d+)", "/api/v1/thing%d/5"),
            (r"/(\w+)/thing%d", "/x/thing%d"),
            (r"/(\w+)/thing%d/(\d+)", "/x/thing%d/5"),
            (r"/(?:a|b)/thing%d/.*", "/a/thing%d/5"),
        ]:
            app = Application([(pattern % n, handler(f"H{n}")) for n in range(2000)])
            found: Any = compiled.compiled(app)
            wildcard = found.__self__._find.__self__._only[1].__self__
            for n in (0, 999, 1999):
                assert len(wildcard._index.candidates(path % n)) == 1
                assert told(found(made(path % n)))[0] == f"H{n}"
            assert len(wildcard._index.candidates("/x/other")) == 0


CHANGES: dict[str, Callable[[Application], object]] = {
    "add_rules": lambda app: app.wildcard_router.add_rules([("/new", Changed)]),
    "add_handlers": lambda app: app.add_handlers(".*", [("/39/7", Changed)]),
    "append": lambda app: rules_of(app).append(URLSpec("/new", Changed)),
    "insert": lambda app: rules_of(app).insert(0, URLSpec("/39/7", Changed)),
    "replace": lambda app: rules_of(app).__setitem__(0, URLSpec("/39/.", Changed)),
    "remove": lambda app: rules_of(app).pop(0),
    "clear": lambda app: rules_of(app).clear(),
    "reverse": lambda app: rules_of(app).reverse(),
    "another list": lambda app: setattr(app.wildcard_router, "rules", [URLSpec("/39/7", Changed)]),
    "outer list": lambda app: setattr(
        app.default_router, "rules", [Rule(AnyMatches(), router_to(Changed))]
    ),
    "no rules": lambda app: setattr(app.default_router, "rules", []),
    "matcher": lambda app: setattr(rules_of(app)[0], "matcher", PathMatches("/39/7")),
    "its own matcher": lambda app: setattr(rules_of(app)[0], "matcher", AnyMatches()),
    "outer matcher": lambda app: setattr(
        app.default_router.rules[0], "matcher", HostMatches("b.com")
    ),
    "regex": lambda app: setattr(rules_of(app)[0].matcher, "regex", re.compile("/39/7")),
    "match": lambda app: setattr(rules_of(app)[0].matcher, "match", lambda request: {}),
    "class": lambda app: setattr(rules_of(app)[0].matcher, "__class__", AnyMatches),
    "target": lambda app: setattr(rules_of(app)[MANY - 1], "target", Changed),
    "outer target": lambda app: setattr(app.default_router.rules[0], "target", router_to(Changed)),
    "target_kwargs": lambda app: setattr(rules_of(app)[MANY - 1], "target_kwargs", {"n": "other"}),
    "default_router": lambda app: setattr(
        app, "default_router", RuleRouter([(AnyMatches(), router_to(Changed))])
    ),
    "find_handler": lambda app: setattr(app, "find_handler", lambda request: None),
    "outer find_handler": lambda app: setattr(
        app.default_router, "find_handler", lambda request: None
    ),
    "inner find_handler": lambda app: setattr(
        app.wildcard_router, "find_handler", lambda request: None
    ),
    "get_target_delegate": lambda app: setattr(
        app.wildcard_router, "get_target_delegate", lambda target, request, **params: None
    ),
    "get_handler_delegate": lambda app: setattr(
        app, "get_handler_delegate", lambda request, target, *args, **params: None
    ),
    "application": lambda app: setattr(app.wildcard_router, "application", Application()),
    "default_handler_class": lambda app: app.settings.update(default_handler_class=Changed),
    "default_handler_args": lambda app: app.settings.update(
        default_handler_class=Changed, default_handler_args={"n": 1}
    ),
}


class TestWhatChanges:
    @pytest.mark.parametrize("name", CHANGES)
    def test_a_change_is_seen_at_once_and_stays_seen(self, name: str) -> None:
        app, stand_in = application(), Compiled()
        paths = ["/39/7", "/0/7", "/new", "/x"]
        before = [both(stand_in, app, path) for path in paths]
        CHANGES[name](app)
        after = [both(stand_in, app, path) for path in paths]
        if name != "application":  # the same but for whose it is
            assert after != before
        for _ in range(2 * table.PATIENCE):
            assert [both(stand_in, app, path) for path in paths] == after

    @pytest.mark.parametrize("name", ["append", "another list", "matcher", "default_router"])
    def test_once_it_rests_tornados_loop_is_not_needed_any_more(self, name: str) -> None:
        app, stand_in = application(), Compiled()
        assert asked(app, stand_in, "/39/7")[1] == 0
        CHANGES[name](app)
        assert asked(app, stand_in, "/39/7")[1] > 0
        at_rest(app, stand_in)
        assert asked(app, stand_in, "/39/7")[1] == 0

    def test_who_changes_the_rules_all_the_time_is_not_made_to_wait_for_tables(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app, stand_in = application(), Compiled()
        stand_in.find_handler(app, made("/"))
        read: list[object] = []
        monkeypatch.setattr(table.Table, "read", lambda self, known: read.append(self))
        for _ in range(3 * table.PATIENCE):
            rules_of(app).append(URLSpec("/new", Changed))
            stand_in.find_handler(app, made("/"))
        assert read == []

    @pytest.mark.parametrize(
        ("owner", "name"),
        [
            (PathMatches, "match"),
            (AnyMatches, "match"),
            (Application, "find_handler"),
            (Application, "get_handler_delegate"),
            (RuleRouter, "find_handler"),
            (RuleRouter, "get_target_delegate"),
            (web._ApplicationRouter, "find_handler"),
            (web._ApplicationRouter, "get_target_delegate"),
        ],
    )
    def test_methods_of_tornado_replaced_while_it_serves_and_put_back(
        self, owner: type, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app, stand_in = application(), Compiled()
        router = RuleRouter([(AnyMatches(), lambda request: None)])
        other = Compiled()
        before = both(stand_in, app, "/39/7"), both(other, router, "/39/7")
        with monkeypatch.context() as patching:
            patching.setattr(owner, name, lambda *args, **kwargs: None)
            for _ in range(2 * table.PATIENCE):
                assert (both(stand_in, app, "/39/7"), both(other, router, "/39/7")) != before
        assert (both(stand_in, app, "/39/7"), both(other, router, "/39/7")) == before
        at_rest(app, stand_in)
        assert asked(app, stand_in, "/39/7") == ("H39", 0)

    @pytest.mark.parametrize("outer", ["/(.*)", "/(?P<path>.*)", "any"])
    @pytest.mark.parametrize("inner", ["router", "application"])
    def test_a_find_handler_that_is_put_in_later_is_told_what_the_rule_found(
        self, outer: str, inner: str
    ) -> None:
        def spying(request: HTTPServerRequest, **kwargs: Any) -> None:
            seen.append(kwargs)

        seen: list[dict[str, Any]] = []
        nested: Any = application() if inner == "application" else RuleRouter()
        matcher = AnyMatches() if outer == "any" else PathMatches(outer)
        router = RuleRouter([Rule(matcher, nested, {"n": 1})])
        stand_in = Compiled()
        both(stand_in, router, "/39/7")
        nested.find_handler = spying
        router.find_handler(made("/39/7"))
        for _ in range(3 * table.PATIENCE):
            stand_in.find_handler(router, made("/39/7"))
        assert all(kwargs == seen[0] for kwargs in seen)
        assert seen[0]["target_kwargs"] == {"n": 1}

    def test_a_default_router_of_the_programs_own_whose_answer_changes(self) -> None:
        class Own(RuleRouter):
            def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
                return app.get_handler_delegate(request, handler("Own"))

        app, stand_in = application(), Compiled()
        router: Any = Own()
        app.default_router = router
        assert both(stand_in, app, "/39/7")[0] == "Own"
        router.find_handler = lambda request: None
        assert both(stand_in, app, "/39/7")[0] == "ErrorHandler"

    def test_an_error_handler_of_the_programs_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        app, stand_in = application(), Compiled()
        assert both(stand_in, app, "/x")[0] == "ErrorHandler"
        monkeypatch.setattr(web, "ErrorHandler", Changed)
        assert both(stand_in, app, "/x")[0] == "Changed"

    def test_the_path_is_rewritten_on_the_way_in_the_outer_router(self) -> None:
        class Rewriting(Matcher):
            def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
                request.path = request.path.removeprefix("/prefix")
                return {}

        router = RuleRouter([(Rewriting(), application())])
        assert both(Compiled(), router, "/prefix/39/7")[0] == "H39"

    @pytest.mark.parametrize("kind", ["rules", "edit", "path", "class", "router"])
    def test_a_matcher_that_changes_what_comes_behind_it(
        self, kind: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Changing(Matcher):
            def match(self, request: HTTPServerRequest) -> None:
                rules = rules_of(app)
                if kind == "rules":
                    rules[10] = URLSpec("/39/7", Changed)
                elif kind == "edit":
                    setattr(rules[10], "matcher", PathMatches("/39/7"))  # noqa: B010
                elif kind == "path":
                    request.path = "/10/7"
                elif kind == "class":
                    monkeypatch.setattr(PathMatches, "match", lambda self, request: {})
                else:
                    setattr(  # noqa: B010
                        app.wildcard_router, "get_target_delegate", lambda *args, **params: None
                    )

        app = application()
        rules_of(app).insert(5, Rule(Changing(), Changed))
        found = told(Compiled().find_handler(app, made("/39/7")))
        expected = {"rules": "Changed", "edit": "H9", "path": "H10", "class": "H5"}
        assert found[0] == expected.get(kind, "ErrorHandler")

    def test_a_router_that_adds_the_rules_behind_itself(self) -> None:
        class Adding(Router):
            def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> None:
                router.rules.append(Rule(PathMatches("/added"), lambda request: None))

        for before in (0, 1, MANY):
            inner = RuleRouter([(AnyMatches(), Adding())])
            unused: list[Any] = [(f"/{n}", lambda request: None) for n in range(before)]
            router = RuleRouter([*unused, (AnyMatches(), inner)])
            found = Compiled().find_handler(router, made("/added"))
            assert told(found)[0].endswith("<lambda>")


class TestWhatIsTheProgramsOwn:
    def test_a_regex_of_another_library(self) -> None:
        class Regex:
            """As the module `regex` has them."""

            pattern, groups, flags = "/never", 0, 0
            groupindex: ClassVar[dict[str, int]] = {}

            def match(self, path: str) -> object:
                return re.match("/(39|other)", path)

        app, stand_in = application(), Compiled()
        rules_of(app).insert(0, URLSpec("/", Changed))
        setattr(rules_of(app)[0].matcher, "regex", Regex())  # noqa: B010
        assert both(stand_in, app, "/39/7")[0] == "Changed"
        assert both(stand_in, app, "/other")[0] == "Changed"

    def test_a_matcher_with_a_match_of_its_own(self) -> None:
        app, stand_in = application(), Compiled()
        matcher: Any = rules_of(app)[20].matcher
        matcher.match = lambda request: {"path_args": [b"own"]}
        assert both(stand_in, app, "/39/7")[:2] == ("H20", [b"own"])

    def test_one_that_is_open_to_all_with_a_match_of_its_own(self) -> None:
        app, stand_in = application(), Compiled()
        matcher: Any = app.default_router.rules[0].matcher
        matcher.match = lambda request: None
        assert both(stand_in, app, "/39/7")[0] == "ErrorHandler"

    def test_rules_that_say_that_they_equal_others(self) -> None:
        class Equal(URLSpec):
            def __eq__(self, other: object) -> bool:
                return isinstance(other, URLSpec)

            __hash__ = URLSpec.__hash__

        app, stand_in = application(), Compiled()
        rules_of(app)[:] = [Equal("/0", handler("First"))]
        assert both(stand_in, app, "/0")[0] == "First"
        at_rest(app, stand_in)
        rules_of(app)[0] = Equal("/0", Changed)
        assert both(stand_in, app, "/0")[0] == "Changed"

    def test_a_router_that_makes_its_rules_when_they_are_read(self) -> None:
        class Making(RuleRouter):
            def __init__(self) -> None:
                self.made = 0
                self.__dict__["rules"] = []

            @property
            def rules(self) -> list[Rule]:  # type: ignore[override]
                self.made += 1
                return [Rule(PathMatches("/a"), lambda request: None)] if self.made % 2 else []

        theirs, ours = Making(), Making()
        stand_in = Compiled()
        for _ in range(10):
            expected = theirs.find_handler(made("/a"))
            assert (stand_in.find_handler(ours, made("/a")) is None) == (expected is None)
        assert ours.made == theirs.made

    @pytest.mark.parametrize("base", [RuleRouter, Application])
    def test_a_router_whose_attributes_are_watched(self, base: Any) -> None:
        class Watched(base):  # type: ignore[misc]
            read: list[str]

            def __getattribute__(self, name: str) -> Any:
                super().__getattribute__("__dict__").setdefault("read", []).append(name)
                return super().__getattribute__(name)

        theirs, ours = Watched([("/a", Changed)]), Watched([("/a", Changed)])
        stand_in = Compiled()
        stand_in.find_handler(ours, made("/a"))
        for router in (theirs, ours):
            router.__dict__["read"].clear()
        theirs.find_handler(made("/a"))
        stand_in.find_handler(ours, made("/a"))
        assert vars(ours)["read"] == vars(theirs)["read"]

    @pytest.mark.parametrize("base", [RuleRouter, web._ApplicationRouter])
    def test_routers_that_say_what_is_behind_a_target(self, base: Any) -> None:
        class Saying(base):  # type: ignore[misc]
            def get_target_delegate(
                self, target: Any, request: HTTPServerRequest, **params: Any
            ) -> HTTPMessageDelegate | None:
                if not isinstance(target, str):
                    return None
                return app.get_handler_delegate(request, Changed, {"target": target})

        app = Application()
        arguments = [app] if base is not RuleRouter else []
        router = Saying(*arguments)
        router.rules = [Rule(PathMatches("/a"), Changed), Rule(PathMatches("/.*"), None)]
        router.rules[1].target = "by name"
        stand_in = Compiled()
        assert both(stand_in, router, "/a")[:4] == ("Changed", [], {}, {"target": "by name"})
        outer = RuleRouter([("/.*", router)])
        assert both(Compiled(), outer, "/a")[3] == {"target": "by name"}

    def test_a_router_whose_own_answer_was_there_first(self) -> None:
        app, stand_in = application(), Compiled()
        router: Any = app.wildcard_router
        router.get_target_delegate = lambda target, request, **params: None
        assert both(stand_in, app, "/39/7")[0] == "ErrorHandler"
        other = application()
        setattr(other, "find_handler", lambda request: None)  # noqa: B010
        assert both(stand_in, other, "/39/7") is None

    def test_a_router_that_is_none_of_tornados(self) -> None:
        class Own(Router):
            def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
                return app.get_handler_delegate(request, Changed)

        app = Application()
        assert both(Compiled(), Own(), "/a")[0] == "Changed"

    def test_a_router_that_is_nested_in_itself(self) -> None:
        router = RuleRouter([("/a", lambda request: None)])
        router.add_rules([("/deep", router)])
        stand_in = Compiled()
        assert both(stand_in, router, "/a")
        assert asked(router, stand_in, "/a")[1] == 0
        with pytest.raises(RecursionError):
            stand_in.find_handler(router, made("/deep"))

    def test_an_application_that_was_never_set_up(self) -> None:
        class Bare(Application):
            def __init__(self) -> None:
                pass

        with pytest.raises(AttributeError, match="default_router"):
            Compiled().find_handler(Bare(), made("/"))


def test_one_router_after_the_other() -> None:
    stand_in = Compiled()
    one, two = application(), Application([("/39/7", Changed)])
    for _ in range(3):
        assert both(stand_in, one, "/39/7")[0] == "H39"
        assert both(stand_in, two, "/39/7")[0] == "Changed"


def test_a_tornado_that_routes_otherwise_is_asked_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "_is_unchanged", lambda: False)
    assert asked(application(), Compiled(), "/39/7") == ("H39", 2)


def test_a_program_sees_nothing_of_it() -> None:
    app, untouched = application(), application()
    stand_in = Compiled()
    at_rest(app, stand_in)
    assert vars(app).keys() == vars(untouched).keys()
    assert vars(app.wildcard_router).keys() == vars(untouched.wildcard_router).keys()
    assert type(rules_of(app)) is type(rules_of(untouched))


def test_warnings_about_a_regex_are_not_given_twice() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        app = Application([(f"/[[a]{n}", Changed) for n in range(10)])
    assert both(Compiled(), app, "/[3")[0] == "Changed"


def test_an_application_that_nobody_serves_any_more_is_let_go() -> None:
    app, stand_in = application(), Compiled()
    at_rest(app, stand_in)
    gone = weakref.ref(app)
    del app, stand_in
    gc.collect()
    assert gone() is None


# ---- through a server ----


@EITHER
async def test_routes_that_change_while_it_serves(server_class: ServerClass) -> None:
    class Named(RequestHandler):
        def initialize(self, name: str) -> None:
            self.name = name

        def get(self, *args: str) -> None:
            self.write("-".join((self.name, *args)))

    app = Application([(rf"/{n}/(\d+)", Named, {"name": f"H{n}"}) for n in range(MANY)])
    async with serving(server_class, app) as here:
        client = await here.connect()
        assert (await client.request("/39/7")).body == b"H39-7"
        assert (await client.request("/new")).status == 404
        app.add_handlers(".*", [("/new", Named, {"name": "new"})])
        rules_of(app).insert(0, URLSpec("/39/.*", Named, {"name": "first"}))
        for _ in range(2 * table.PATIENCE):
            assert (await client.request("/new")).body == b"new"
            assert (await client.request("/39/7")).body == b"first"
            assert (await client.request("/38/7")).body == b"H38-7"
