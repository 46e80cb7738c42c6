"""Tests of one operation by itself; `test_document` has documents of real applications."""

from __future__ import annotations

import enum
import re
import uuid
from dataclasses import replace
from typing import Any, Literal

import pytest

from tests.routing.handmade import a_route, a_scope, path
from tornkit.routing.conditions import CustomCondition
from tornkit.routing.model import (
    Keyword,
    Operation,
    Parameter,
    ParameterKind,
    RouteTarget,
    TargetKind,
)
from tornkit.routing.openapi.operations import (
    METHODS,
    names_for,
    operation_object,
    operations_of,
    parameter,
    slot_schema,
    tag,
)
from tornkit.routing.openapi.places import places_of
from tornkit.routing.openapi.schemas import Schemas


class Size(enum.Enum):
    SMALL = "small"


def a_target(
    kind: TargetKind = TargetKind.HANDLER, *operations: Operation, **more: Any
) -> RouteTarget:
    """Target with these operations, or else with a GET of which nothing is known."""
    made = operations or (Operation("GET"),)
    methods = tuple(each.method for each in made)
    overrides = ("get",) if kind is TargetKind.HANDLER else ()
    return RouteTarget(
        **{
            "name": "app.handlers.Page",
            "kind": kind,
            "methods": methods,
            "operations": made,
            "overrides": overrides,
            **more,
        }
    )


def taking(*parameters: Parameter | str) -> Operation:
    found = [each if isinstance(each, Parameter) else Parameter(each) for each in parameters]
    return Operation("GET", tuple(found))


class TestOperations:
    def test_each_method_with_what_answers_it(self) -> None:
        get, post = Operation("GET", doc="x"), Operation("POST")
        target = a_target(TargetKind.HANDLER, get, post)
        assert operations_of(a_route("/", target=target)) == [("GET", get), ("POST", post)]

    def test_a_handshake_is_a_get(self) -> None:
        opening = Operation("WS", doc="x")
        target = a_target(TargetKind.WEBSOCKET, opening)
        assert operations_of(a_route("/", target=target)) == [("GET", opening)]

    def test_what_sees_every_method_stands_under_get(self) -> None:
        target = RouteTarget("app.f", TargetKind.CALLABLE)
        assert operations_of(a_route("/", target=target)) == [("GET", Operation("*"))]

    def test_a_method_of_which_nothing_is_known_is_still_there(self) -> None:
        target = a_target(methods=("PUT", "GET"))
        assert operations_of(a_route("/", target=target)) == [
            ("PUT", Operation("PUT")),
            ("GET", Operation("GET")),
        ]

    def test_the_methods_are_those_of_a_path_item(self) -> None:
        assert {each.lower() for each in METHODS} == {
            *("get", "put", "post", "delete", "options", "head", "patch", "trace")
        }


def names(pattern: str, *parameters: Parameter | str, **target: Any) -> list[str]:
    operations = [Operation("HEAD"), taking(*parameters)] if parameters else []
    route = a_route(pattern, target=a_target(target.pop("kind", TargetKind.HANDLER), *operations))
    (template,) = places_of(route)
    return names_for(template, route)


class TestNames:
    def test_a_group_has_its_own_name(self) -> None:
        assert names(r"/(?P<year>\d+)/(?P<slug>.*)", "other", "more") == ["year", "slug"]

    def test_else_that_of_the_parameter_that_gets_it(self) -> None:
        assert names(r"/(\d+)/(\w+)", "year", "slug") == ["year", "slug"]
        assert names(r"/(\d+)/(\w+)", Parameter("year", ParameterKind.POSITIONAL_ONLY)) == [
            "year",
            "arg2",
        ]

    @pytest.mark.parametrize(
        "kind", [ParameterKind.REST, ParameterKind.KEYWORD_ONLY, ParameterKind.KEYWORDS]
    )
    def test_a_parameter_that_no_position_fills_gives_none(self, kind: ParameterKind) -> None:
        assert names(r"/(\d+)", Parameter("year", kind)) == ["arg1"]
        assert names(r"/(\d+)", Parameter("no", kind), "slug") == ["slug"]

    def test_the_number_is_the_groups(self) -> None:
        assert names(r"/\w+/(\d+)/(?:a|b)+/(\w+)") == ["part", "arg1", "part2", "arg2"]

    def test_the_file_of_a_static_route_is_its_path(self) -> None:
        assert names("/files/(.*)", kind=TargetKind.STATIC) == ["path"]

    def test_what_no_group_gets_is_a_part_or_the_rest(self) -> None:
        assert names(r"/[a-z]+/\d+") == ["part", "rest"]
        assert names(r"/[a-z]+/\d+/edit") == ["part", "part2"]

    def test_no_name_comes_twice(self) -> None:
        assert names(r"/(?P<part>a+)/\w+/(?P<part2>b+)/\d+/x") == [
            "part",
            "part2",
            "part22",
            "part3",
        ]
        assert names(r"/(a+)/(b+)/(c+)", "part", "part", "part") == ["part", "part2", "part3"]


class TestParameter:
    def test_one_schema_stands_as_it_is(self) -> None:
        assert parameter("a", [{"type": "string"}], unused=False) == {
            "name": "a",
            "in": "path",
            "required": True,
            "schema": {"type": "string"},
        }

    def test_the_same_one_in_another_order_counts_once(self) -> None:
        found = [{"type": "string", "pattern": "^a$"}, {"pattern": "^a$", "type": "string"}]
        assert parameter("a", found, unused=False)["schema"] == found[0]

    def test_of_several_any_will_do(self) -> None:
        found = [{"type": "string"}, {"type": "integer"}, {"type": "string"}]
        assert parameter("a", found, unused=False)["schema"] == {"anyOf": found[:2]}

    def test_what_the_handler_does_not_get_says_so(self) -> None:
        made = parameter("a", [{}], unused=True)
        assert made["description"] == "Not handed to the handler."


def narrowed(pattern: str, annotation: object, kind: ParameterKind = ParameterKind.EITHER) -> Any:
    """Schema of a pattern's first slot, where its parameter has this annotation."""
    operation = taking(Parameter("a", kind, annotation=annotation), Parameter("b"))
    route = a_route(pattern, target=a_target(TargetKind.HANDLER, operation))
    return slot_schema(places_of(route)[0].slots[0], route, operation, Schemas())


class TestNarrowing:
    @pytest.mark.parametrize(
        ("pattern", "annotation", "kind"),
        [
            (r"/(\d+)", int, "integer"),
            (r"/([0-9]{1,4})", int | None, "integer"),
            (r"/([\d.]+)", float, "number"),
            (r"/([-\d.]+)", float, "number"),
            (r"/(\d+)", float, "number"),
            # What `int` could not read, or where another text comes through, is a text.
            (r"/(-\d+)", int, "string"),
            (r"/([\d.]+)", int, "string"),
            (r"/([\de]+)", float, "string"),
            (r"/(\w+)", int, "string"),
            (r"/(\d+)", bool, "string"),
            (r"/(\w+)", bool, "string"),
            (r"/(\d+)", list[int], "string"),
        ],
    )
    def test_a_number_is_one_where_nothing_else_comes_through(
        self, pattern: str, annotation: object, kind: str
    ) -> None:
        assert narrowed(pattern, annotation)["type"] == kind

    def test_its_pattern_is_kept_for_the_reader(self) -> None:
        assert narrowed(r"/(\d{4})", int) == {"type": "integer", "x-tornkit-pattern": r"^\d{4}$"}

    def test_a_list_of_words_stays_one_whatever_the_annotation(self) -> None:
        assert narrowed("/(1|2)", int) == {"type": "string", "enum": ["1", "2"]}
        assert narrowed("/(a|b)", Literal["c", "d"]) == {"type": "string", "enum": ["a", "b"]}

    def test_a_switch_has_two_words(self) -> None:
        assert narrowed("/(true|false)", bool) == {"type": "boolean"}
        assert narrowed("/(yes|no)", bool) == {"type": "string", "enum": ["yes", "no"]}
        assert narrowed("/(true|false|maybe)", bool)["type"] == "string"

    def test_a_text_of_a_known_form_gets_both(self) -> None:
        assert narrowed("/([0-9a-f-]+)", uuid.UUID) == {
            "type": "string",
            "pattern": r"^[0-9a-f\-]+$",
            "format": "uuid",
        }
        assert narrowed("/([a-z]+)", Size)["$ref"] == "#/components/schemas/Size"

    def test_none_is_not_one_of_the_values(self) -> None:
        """Reason: a parameter in a path is always there."""
        assert narrowed("/([a-z]+)", str | None) == {"type": "string", "pattern": "^[a-z]+$"}
        # Nor is one of two types a type.
        assert narrowed(r"/(\d+)", int | str | None)["type"] == "string"

    @pytest.mark.parametrize("annotation", [None, "NotResolved", object(), ...])
    def test_an_annotation_that_says_nothing_changes_nothing(self, annotation: object) -> None:
        assert narrowed(r"/(\d+)", annotation) == {"type": "string", "pattern": r"^\d+$"}

    def test_a_part_of_a_group_is_not_what_the_parameter_gets(self) -> None:
        assert narrowed(r"/(\d+/\d+)", int) == {"type": "string", "pattern": r"^\d+$"}

    def test_what_no_group_gets_has_no_parameter(self) -> None:
        assert narrowed(r"/\d+", int) == {"type": "string", "pattern": r"^\d+$"}

    def test_a_group_goes_to_the_parameter_of_its_name(self) -> None:
        number = {"type": "integer", "x-tornkit-pattern": r"^\d+$"}
        assert narrowed(r"/(?P<a>\d+)", int) == number
        assert narrowed(r"/(?P<a>\d+)", int, ParameterKind.KEYWORD_ONLY) == number
        assert narrowed(r"/(?P<b>\d+)/(?P<a>x+)", int)["type"] == "string"
        assert narrowed(r"/(?P<c>\d+)", int)["type"] == "string"

    def test_a_signature_that_is_not_known_narrows_nothing(self) -> None:
        route = a_route(r"/(\d+)", target=a_target())
        slot = places_of(route)[0].slots[0]
        assert slot_schema(slot, route, Operation("GET"), Schemas())["type"] == "string"


def made(target: RouteTarget, method: str = "GET", **route: Any) -> dict[str, Any]:
    """Make the operation object of the target's first operation."""
    operation = target.operations[0] if target.operations else Operation("*")
    return operation_object(
        a_route("/", **{"target": target, **route}), method, operation, Schemas()
    )


def texts(target: RouteTarget) -> tuple[str | None, str | None]:
    found = made(target)
    return found.get("summary"), found.get("description")


class TestTexts:
    """Summary and description."""

    def test_the_methods_docstring_goes_before_the_classes(self) -> None:
        operation = Operation("GET", doc="Of the method.\n\n  More of it.\n")
        assert texts(a_target(TargetKind.HANDLER, operation, doc="Of the class.")) == (
            "Of the method.",
            "More of it.",
        )
        assert texts(a_target(doc="\nOf the class. \n")) == ("Of the class.", None)
        assert texts(a_target()) == (None, None)

    def test_what_tornado_says_is_not_for_readers_of_the_document(self) -> None:
        opening = Operation("WS", doc="Invoked when a new WebSocket is opened.")
        socket = a_target(TargetKind.WEBSOCKET, opening, doc="A chat.")
        assert texts(socket) == ("A chat.", None)
        assert texts(replace(socket, overrides=("open",)))[0] == opening.doc
        own = a_target(doc="A handler.", name="tornado.web.Whatever", overrides=())
        assert texts(own) == (None, None)

    def test_a_method_that_tornado_has_none_of_is_the_users(self) -> None:
        deleting = Operation("DELETE", doc="Delete it.")
        assert texts(a_target(TargetKind.STATIC, deleting)) == ("Delete it.", None)

    def test_redirects_and_files_say_what_they_are(self) -> None:
        moved = a_target(TargetKind.REDIRECT, detail="to /new")
        assert texts(moved) == ("Redirects to /new", None)
        assert texts(a_target(TargetKind.STATIC)) == ("Static files", None)
        # Unless somebody has said it better, or does something else.
        assert texts(replace(moved, doc="The old page.")) == ("The old page.", None)
        assert texts(replace(moved, overrides=("get",)))[0] == "To /new"

    def test_of_anything_else_there_is_the_detail(self) -> None:
        called = RouteTarget("app.f", TargetKind.FALLBACK, detail="calls a WSGI container")
        assert texts(called) == ("Calls a WSGI container", None)


class TestMarks:
    def test_a_plain_route_has_none_but_its_handler(self) -> None:
        found = made(a_target())
        assert [key for key in found if key.startswith("x-")] == ["x-tornkit-handler"]
        assert found["x-tornkit-handler"] == "app.handlers.Page"

    def test_what_is_special_is_marked(self) -> None:
        handshake = a_target(TargetKind.WEBSOCKET, Operation("WS"))
        assert made(handshake)["x-websocket"] is True
        assert "x-websocket" not in made(a_target(TargetKind.WEBSOCKET, Operation("GET")))
        anything = RouteTarget("app.f", TargetKind.CALLABLE)
        assert made(anything)["x-tornkit-any-method"] is True
        unsure = made(a_target(), scopes=(a_scope(CustomCondition("Mine")),))
        assert unsure["x-tornkit-uncertain"] is True
        assert made(a_target(), name="home")["x-tornkit-name"] == "home"
        guarded = a_target(TargetKind.HANDLER, Operation("GET", authenticated=True))
        assert made(guarded)["x-authenticated"] is True


def statuses(target: RouteTarget, method: str = "GET", **route: Any) -> list[str]:
    return list(made(target, method, **route)["responses"])


class TestResponses:
    def test_what_is_not_known_is_default(self) -> None:
        assert statuses(a_target()) == ["default"]

    @pytest.mark.parametrize(
        ("kwargs", "status"),
        [
            ((), "301"),
            ((Keyword("url", "'/x'", "/x"),), "301"),
            ((Keyword("permanent", "True", True),), "301"),
            ((Keyword("permanent", "False", False),), "302"),
            ((Keyword("permanent", "None", None),), "302"),
        ],
    )
    def test_a_redirect_is_permanent_unless_it_says_otherwise(
        self, kwargs: tuple[Keyword, ...], status: str
    ) -> None:
        moved = a_target(TargetKind.REDIRECT, detail="to /new")
        found = made(moved, kwargs=kwargs)["responses"]
        assert list(found) == [status, "default"]
        assert found[status]["description"] == "Redirects to /new."

    def test_where_a_redirect_leads_may_be_unknown(self) -> None:
        found = made(a_target(TargetKind.REDIRECT))["responses"]
        assert found["301"]["description"] == "Redirects."

    def test_other_methods_are_not_redirected_nor_served(self) -> None:
        for kind in (TargetKind.REDIRECT, TargetKind.STATIC):
            assert statuses(a_target(kind, Operation("POST")), "POST") == ["default"]
        assert statuses(a_target(TargetKind.STATIC, Operation("HEAD")), "HEAD") == [
            *("200", "404", "default")
        ]
        assert statuses(a_target(TargetKind.REDIRECT, Operation("HEAD")), "HEAD") == ["default"]

    @pytest.mark.parametrize("kind", [TargetKind.REDIRECT, TargetKind.STATIC])
    def test_a_subclass_with_a_get_of_its_own_answers_anything(self, kind: TargetKind) -> None:
        assert statuses(a_target(kind, overrides=("get",))) == ["default"]

    @pytest.mark.parametrize(
        ("method", "status"), [("GET", "302"), ("HEAD", "302"), ("POST", "403"), ("PUT", "403")]
    )
    def test_a_user_who_is_not_signed_in(self, method: str, status: str) -> None:
        guarded = a_target(TargetKind.HANDLER, Operation(method, authenticated=True))
        assert statuses(guarded, method) == [status, "default"]

    def test_a_handshake(self) -> None:
        guarded = Operation("WS", authenticated=True)
        assert statuses(a_target(TargetKind.WEBSOCKET, guarded)) == ["101", "302", "default"]

    def test_a_handshake_that_is_answered_before_the_user_is_asked(self) -> None:
        late = Operation("WS", authenticated=True, admits_first=True)
        assert statuses(a_target(TargetKind.WEBSOCKET, late)) == ["101", "default"]

    def test_what_a_method_returns(self) -> None:
        counting = Operation("GET", returns=int)
        found = made(a_target(TargetKind.HANDLER, counting))["responses"]
        assert found["2XX"]["content"] == {"application/json": {"schema": {"type": "integer"}}}
        for nothing in (None, type(None), "NotResolved"):
            target = a_target(TargetKind.HANDLER, Operation("GET", returns=nothing))
            assert statuses(target) == ["default"]


class TestTag:
    def test_the_last_part_of_the_module(self) -> None:
        assert tag(a_target(live=TestTag)) == "test_operations"
        assert tag(a_target(live=re.Pattern)) == "re"

    def test_underscores_are_no_part_of_it(self) -> None:
        one, two = (
            type("One", (), {"__module__": "__main__"}),
            type("Two", (), {"__module__": "a._b_"}),
        )
        assert [tag(a_target(live=each)) for each in (one, two)] == ["main", "b"]

    def test_without_a_live_class_it_is_of_the_name(self) -> None:
        assert tag(a_target()) == "handlers"
        assert tag(a_target(name="lonely")) == "lonely"
        odd = type("Odd", (), {"__module__": 5})
        assert tag(a_target(live=odd)) == "handlers"


def test_a_pattern_of_a_router_above_is_taken_where_there_is_no_other() -> None:
    """Reason: `places_of` does so, and names and slots have to be of one regex."""
    route = a_route(None, path(r"/(?P<year>\d+)/.*"), target=a_target())
    (template,) = places_of(route)
    assert names_for(template, route)[0] == "year"
