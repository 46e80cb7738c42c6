"""Whole documents: what they say of real applications, and whether a public validator agrees."""

from __future__ import annotations

import enum
import json
import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from tornado.routing import Matcher, PathMatches, Router, Rule, RuleRouter, URLSpec
from tornado.web import (
    Application,
    ErrorHandler,
    RedirectHandler,
    RequestHandler,
    StaticFileHandler,
    authenticated,
)
from tornado.websocket import WebSocketHandler

from tornkit.routing.openapi import document
from tornkit.routing.report import report_on


class Size(enum.Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass
class Item:
    id: int
    tags: list[str]


class Home(RequestHandler):
    """The first page.

    With all that is new.
    """

    def get(self) -> None: ...


class Items(RequestHandler):
    def get(self, number: int) -> Item:  # type: ignore[override]
        """One item.

        By its number.
        """
        raise NotImplementedError

    @authenticated
    def delete(self, number: str) -> None: ...

    @authenticated
    def head(self, number: str) -> None: ...


class Typed(RequestHandler):
    def get(self, key: uuid.UUID, size: Size, kind: Literal["a", "b"], word: int) -> None: ...


class Socket(WebSocketHandler):
    def open(self, room: str) -> None: ...


class Silent(WebSocketHandler):
    pass


class Files(StaticFileHandler):
    pass


class Dav(RequestHandler):
    SUPPORTED_METHODS = ("GET", "PROPFIND")

    def get(self) -> None: ...

    def propfind(self) -> None: ...


class Other(RequestHandler):
    def get(self, *args: str) -> None: ...

    def post(self, *args: str) -> None: ...


class Own(Matcher):
    def match(self, request: Any) -> Any:
        return {}


class OwnRouter(Router):
    def find_handler(self, request: Any, **kwargs: Any) -> Any:
        return None


def made(*rules: Any, **settings: Any) -> dict[str, Any]:
    return of(Application([*rules], **settings))


def of(*applications: Any, version: str = "1.2") -> dict[str, Any]:
    """The document, which the validator has nothing against."""
    report = report_on(applications, "app")
    found: dict[str, Any] = json.loads(document(report, report.routes, version))
    errors = [str(error) for error in OpenAPIV31SpecValidator(found).iter_errors()]
    assert errors == []
    return found


def reasons(found: dict[str, Any]) -> list[str]:
    return [each["reason"] for each in found.get("x-tornkit-omitted", [])]


def test_the_validator_would_notice() -> None:
    found = made(("/a/(.*)", Other))
    del found["paths"]["/a/{arg1}"]["get"]["parameters"]
    assert list(OpenAPIV31SpecValidator(found).iter_errors())


def test_the_head_of_it() -> None:
    found = made(("/", Home))
    assert found["openapi"] == "3.1.0"
    assert found["info"] == {"title": "app", "version": "1.2"}
    assert "components" not in found
    assert "x-tornkit-omitted" not in found


def test_docstrings() -> None:
    found = made(("/", Home), (r"/items/(\d+)", Items), (r"/ws", Silent))
    home = found["paths"]["/"]["get"]
    assert (home["summary"], home["description"]) == ("The first page.", "With all that is new.")
    item = found["paths"]["/items/{number}"]
    assert (item["get"]["summary"], item["get"]["description"]) == ("One item.", "By its number.")
    assert "summary" not in item["delete"]
    # What Tornado says of `open` is for those who write handlers.
    assert "summary" not in found["paths"]["/ws"]["get"]


def test_parameters_and_results() -> None:
    found = made((r"/items/(\d+)", Items))
    path = found["paths"]["/items/{number}"]
    assert path["get"]["parameters"] == [
        {
            "name": "number",
            "in": "path",
            "required": True,
            "schema": {"type": "integer", "x-tornkit-pattern": r"^\d+$"},
        }
    ]
    assert path["delete"]["parameters"][0]["schema"] == {"type": "string", "pattern": r"^\d+$"}
    returned = path["get"]["responses"]["2XX"]["content"]["application/json"]["schema"]
    assert returned == {"$ref": "#/components/schemas/Item"}
    assert found["components"]["schemas"]["Item"]["required"] == ["id", "tags"]
    assert "2XX" not in path["delete"]["responses"]


def test_authenticated() -> None:
    path = made((r"/items/(\d+)", Items))["paths"]["/items/{number}"]
    assert "x-authenticated" not in path["get"]
    assert path["delete"]["x-authenticated"] is True
    assert path["delete"]["responses"].keys() == {"403", "default"}
    assert path["head"]["responses"].keys() == {"302", "default"}


def test_annotations_narrow_what_the_pattern_says() -> None:
    found = made(("/([0-9a-f-]+)/([a-z]+)/([a-z]+)/([a-z]+)", Typed))
    (parameters,) = (path["get"]["parameters"] for path in found["paths"].values())
    assert [each["schema"] for each in parameters] == [
        {"type": "string", "pattern": r"^[0-9a-f\-]+$", "format": "uuid"},
        {"type": "string", "pattern": "^[a-z]+$", "$ref": "#/components/schemas/Size"},
        {"type": "string", "pattern": "^[a-z]+$", "enum": ["a", "b"]},
        {"type": "string", "pattern": "^[a-z]+$"},  # `int`, where no digit comes through
    ]


def test_names_of_parameters() -> None:
    found = made(
        (r"/by-name/(?P<slug>\w+)", Other),
        (r"/by-position/(\w+)/(\w+)", Other),
        (r"/files/(.*)", Files, {"path": "."}),
        (r"/nobody/\w+/x-[a-z]+", Other),
        (r"/twice/(?P<part>\w+)/\w+/x", Other),
    )
    assert list(found["paths"]) == [
        "/by-name/{slug}",
        "/by-position/{arg1}/{arg2}",
        "/files/{path}",
        "/nobody/{part}/x-{rest}",
        "/twice/{part}/{part2}/x",
    ]
    unused = found["paths"]["/nobody/{part}/x-{rest}"]["get"]["parameters"]
    assert all(each["description"] == "Not handed to the handler." for each in unused)


def test_what_the_template_does_not_say_stands_beside_it() -> None:
    found = made((r"/a/(.*)", Other), (r"/b/([^/]+)", Other))
    assert found["paths"]["/a/{arg1}"]["get"]["x-tornkit-regex"] == "/a/(.*)"
    assert "x-tornkit-regex" not in found["paths"]["/b/{arg1}"]["get"]


def test_optional_parts_are_paths_of_their_own() -> None:
    found = made((r"/a(?:/(\d+))?/?", Other))
    assert list(found["paths"]) == ["/a", "/a/", "/a/{arg1}", "/a/{arg1}/"]
    ids = [item["get"]["operationId"] for item in found["paths"].values()]
    assert ids == ["Other.get", "Other.get_2", "Other.get_3", "Other.get_4"]


def test_a_websocket_is_a_get_with_101() -> None:
    socket = made((r"/ws/(\w+)", Socket))["paths"]["/ws/{room}"]["get"]
    assert socket["x-websocket"] is True
    assert socket["responses"].keys() == {"101", "default"}


def test_static_files_and_redirects() -> None:
    found = made(
        (r"/files/(.*)", StaticFileHandler, {"path": "."}),
        (r"/old", RedirectHandler, {"url": "/new"}),
        (r"/now", RedirectHandler, {"url": "/new", "permanent": False}),
    )
    static = found["paths"]["/files/{path}"]
    assert static.keys() == {"get", "head"}
    assert static["get"]["responses"].keys() == {"200", "404", "default"}
    old, now = found["paths"]["/old"]["get"], found["paths"]["/now"]["get"]
    assert old["summary"] == "Redirects to /new"
    assert "Location" in old["responses"]["301"]["headers"]
    assert now["responses"].keys() == {"302", "default"}


def test_what_sees_every_method_stands_under_get() -> None:
    found = of(RuleRouter([Rule(PathMatches("/f"), lambda request: None)]))
    assert found["paths"]["/f"].keys() == {"get"}
    assert found["paths"]["/f"]["get"]["x-tornkit-any-method"] is True


def test_methods_that_openapi_has_no_field_for() -> None:
    path = made(("/dav", Dav))["paths"]["/dav"]
    assert path.keys() == {"get", "x-tornkit-other-methods"}
    assert path["x-tornkit-other-methods"] == ["PROPFIND"]


def test_hosts_are_servers_where_they_can_be_listed() -> None:
    app = Application([("/", Home)])
    app.add_handlers(r"(?:www\.)?example\.com", [("/a", Home)])
    app.add_handlers(r".*\.example\.com", [("/b", Home)])
    app.add_handlers(re.compile(r"open\.example"), [("/c", Home)])  # type: ignore[arg-type]
    paths = of(app)["paths"]
    assert [server["url"] for server in paths["/a"]["get"]["servers"]] == [
        "//www.example.com",
        "//example.com",
    ]
    assert paths["/b"]["get"]["x-tornkit-host"] == [r".*\.example\.com"]
    assert paths["/c"]["get"]["x-tornkit-host"] == [r"open\.example"]
    assert "servers" not in paths["/"]["get"]


def test_default_host_lets_other_hosts_in() -> None:
    app = Application([("/", Home)], default_host="api.local")
    app.add_handlers(r"api\.local", [("/a", Home)])
    app.add_handlers(r"admin\.local", [("/b", Home)])
    found = of(app)
    assert [each["url"] for each in found["paths"]["/a"]["get"]["servers"]] == ["//api.local", "/"]
    assert [each["url"] for each in found["paths"]["/b"]["get"]["servers"]] == ["//admin.local"]
    assert reasons(found) == ["no request can reach it: default_host is api.local"]


def test_the_same_path_on_another_host_is_an_alternative() -> None:
    app = Application([("/", Home, {}, "home")])
    app.add_handlers(r"admin\.local", [("/", Other, {}, "admin")])
    get = of(app)["paths"]["/"]["get"]
    assert get["x-tornkit-name"] == "home"
    (alternative,) = get["x-tornkit-alternatives"]
    assert alternative["name"] == "admin"
    assert alternative["servers"] == [{"url": "//admin.local"}]
    assert "servers" not in get


def test_other_patterns_under_one_template_are_alternatives() -> None:
    found = made((r"/(?P<id>\d+)", Other), (r"/(?P<word>[a-z]+)", Home), (r"/([a-z]+)", Home))
    get = found["paths"]["/{id}"]["get"]
    assert get["x-tornkit-handler"].endswith("Other")
    assert [each["regex"] for each in get["x-tornkit-alternatives"]] == [
        "/(?P<word>[a-z]+)",
        "/([a-z]+)",
    ]
    assert get["parameters"][0]["schema"] == {
        "anyOf": [
            {"type": "string", "pattern": r"^\d+$"},
            {"type": "string", "pattern": "^[a-z]+$"},
        ]
    }
    # Another method is another operation, and knows nothing of the first route's handler.
    assert "x-tornkit-alternatives" not in found["paths"]["/{id}"]["post"]


def test_the_same_pattern_again_is_shadowed_whatever_its_methods() -> None:
    """The first one answers a POST as well: with a 405."""
    path = made(("/a", Home), ("/a", Other, {}, "late"))["paths"]["/a"]
    assert path.keys() == {"get", "x-tornkit-shadowed"}
    assert path["get"]["x-tornkit-handler"].endswith("Home")
    assert [each["name"] for each in path["x-tornkit-shadowed"]] == ["late"]
    assert "x-tornkit-alternatives" not in path["get"]


def test_another_application_shadows_nothing() -> None:
    found = of(Application([("/a", Home)]), Application([("/a", Other)]))
    path = found["paths"]["/a"]
    assert path.keys() == {"get", "post"}
    assert len(path["get"]["x-tornkit-alternatives"]) == 1


def test_what_can_not_be_told_is_listed_with_its_reason() -> None:
    class Nothing(RequestHandler):
        pass

    found = made(
        URLSpec("/a", Home),
        Rule(Own(), Home),
        ("/gone", ErrorHandler, {"status_code": 410}),
        ("/nothing", Nothing),
        ("no-slash", Home),
    )
    assert list(found["paths"]) == ["/a"]
    assert reasons(found) == [
        "a matcher of the application's own decides: Own",
        "it answers with an error, whatever the request",
        "it implements no method",
        "no path matches its pattern",
    ]


def test_routers_that_decide_for_themselves() -> None:
    found = of(RuleRouter([Rule(PathMatches("/x/.*"), OwnRouter())]))
    assert found["paths"]["/x/{rest}"]["get"]["x-tornkit-uncertain"] is True


def test_routers_above() -> None:
    inner = Application([("/api/a", Home), ("/other", Home), (r"/api/(\d+)", Other)])
    loose = Application([(r"/(\d+)/b", Other)])
    rules = [
        Rule(PathMatches("/api/.*"), inner),
        Rule(PathMatches("/[0-4].*"), loose),
        Rule(PathMatches("/w/.*"), Application()),
    ]
    found = of(RuleRouter(rules))
    assert list(found["paths"]) == ["/api/a", "/api/{arg1}", "/{arg1}/b"]
    assert reasons(found) == ["no path matches its pattern"]  # /other is never under /api/
    assert "x-tornkit-regex" not in found["paths"]["/api/{arg1}"]["get"]
    assert found["paths"]["/{arg1}/b"]["get"]["x-tornkit-regex"] == r"/[0-4].* & /(\d+)/b"


def test_inserted_routes_are_left_out(tmp_path: Path) -> None:
    found = made(("/", Home), static_path=str(tmp_path))
    assert list(found["paths"]) == ["/"]
    assert reasons(found) == ["Tornado inserted it for static_path"] * 3


PATTERNS: list[Callable[[random.Random], Any]] = [
    lambda chosen: "/",
    lambda chosen: f"/{chosen.choice('abc')}",
    lambda chosen: rf"/{chosen.choice('ab')}/(\d+)",
    lambda chosen: rf"/{chosen.choice('ab')}/([a-z]+)(/.*)?",
    lambda chosen: r"/(?P<first>[^/]+)/(?P<rest>.*)",
    lambda chosen: r"/(?P<word>[a-z]+)",
    lambda chosen: r"/a|/b",
    lambda chosen: r"/(x|y|z)/?",
    lambda chosen: r"/{curly}/(\w{2,})",
    lambda chosen: r"/(\w)\1",
    lambda chosen: r"/(?!no)(.*)",
    lambda chosen: r".*",
    lambda chosen: r"(.*)",
    lambda chosen: r"/x\$",
    lambda chosen: r"/caf%C3%A9/[^/]+/é",
    lambda chosen: re.compile(r"/A/[B-D]+", re.IGNORECASE),
    lambda chosen: re.compile(r"/pre"),
    lambda chosen: r"/((a)|(b))?(/(c))?",
    lambda chosen: r"/a++/(?>b)",
]
HOSTS = [r"a\.com", r"a.com|b.com", r".*\.com", r"www\.(a|b)\.com", r"localhost"]
HANDLERS = [Home, Items, Typed, Socket, Silent, Files, Dav, Other, RedirectHandler, ErrorHandler]


def generated(seed: int) -> Application:
    chosen = random.Random(seed)

    def rules() -> list[Any]:
        return [
            (
                chosen.choice(PATTERNS)(chosen),
                chosen.choice(HANDLERS),
                {},
                chosen.choice([None, "a", "b"]),
            )
            for _ in range(chosen.randrange(12))
        ]

    app = Application(rules(), default_host=chosen.choice([None, "a.com", "b.com"]))
    for host in chosen.sample(HOSTS, chosen.randrange(3)):
        app.add_handlers(host, rules())
    return app


@pytest.mark.thorough
@pytest.mark.parametrize("seed", range(60))
def test_generated_tables_give_valid_documents(seed: int) -> None:
    app = generated(seed)
    found = of(app, Application([("/", Home)]) if seed % 5 == 0 else app)
    told = json.dumps(found)
    names = {each["handler"] for each in found.get("x-tornkit-omitted", [])}
    for route in report_on([app], "app").routes:
        assert route.target.name in names or f'"{route.target.name}"' in told
