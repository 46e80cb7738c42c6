from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import pytest
from tornado.web import RequestHandler

from tornkit.routing.model import Parameter, ParameterKind
from tornkit.routing.reading.signatures import SignatureReader, held_function

if TYPE_CHECKING:
    from collections import OrderedDict


def taken(cls: type, name: str = "get", *, follow: bool = True) -> list[str] | None:
    found = SignatureReader().method(cls, name, follow=follow)[0]
    return None if found is None else [each.name for each in found]


def module_level(self: Any, a: int) -> None: ...


class Handler:
    def get(self, a: int, /, b: str = "", *args: float, k: list[int], **kwargs: Any) -> str:
        return ""

    @staticmethod
    def static(a: int) -> None: ...

    @classmethod
    def of_class(cls, a: int) -> None: ...

    borrowed = module_level
    partial = functools.partial(module_level, None)
    partial_method = functools.partialmethod(module_level)
    built_in = len
    bound = [0].append
    no_function = 5

    def without_self(*args: Any) -> None: ...

    def for_the_checker(self, a: OrderedDict[str, int], b: int) -> Missing: ...  # type: ignore[name-defined]  # noqa: F821


def test_kinds_defaults_and_types() -> None:
    found, returns = SignatureReader().method(Handler, "get")
    assert found == (
        Parameter("a", ParameterKind.POSITIONAL_ONLY, annotation=int),
        Parameter("b", ParameterKind.EITHER, required=False, annotation=str),
        Parameter("args", ParameterKind.REST, required=False, annotation=float),
        Parameter("k", ParameterKind.KEYWORD_ONLY, annotation=list[int]),
        Parameter("kwargs", ParameterKind.KEYWORDS, required=False, annotation=Any),
    )
    assert returns is str


def test_a_type_that_is_not_there_stays_a_text_and_no_other() -> None:
    found, returns = SignatureReader().method(Handler, "for_the_checker")
    assert found is not None
    assert [each.annotation for each in found] == ["OrderedDict[str, int]", int]
    assert returns == "Missing"


def test_without_annotations() -> None:
    handler = type("Handler", (), {"get": lambda self, a: None})
    found, returns = SignatureReader().method(handler, "get")
    assert found == (Parameter("a"),)
    assert returns is None


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("static", ["a"]),
        ("of_class", ["a"]),
        ("borrowed", ["a"]),
        ("partial_method", ["a"]),
        ("built_in", ["obj"]),
        ("bound", ["object"]),
        ("without_self", ["args"]),
        ("partial", None),
        ("no_function", None),
        ("nothing", None),
    ],
)
def test_what_python_binds(name: str, names: list[str] | None) -> None:
    assert taken(Handler, name) == names


def test_wraps_is_followed_or_not() -> None:
    def wrap(method: Any) -> Any:
        @functools.wraps(method)
        def wrapper(self: Any, *args: Any) -> Any:
            return method(self, *args)

        return wrapper

    class Wrapped:
        @wrap
        def get(self, a: int) -> None: ...

    assert taken(Wrapped) == ["a"]
    assert taken(Wrapped, follow=False) == ["args"]
    assert SignatureReader().method(Wrapped, "get")[0] == (Parameter("a", annotation=int),)


def test_tornados_initialize_takes_nothing() -> None:
    assert taken(RequestHandler, "initialize") == []


def test_equal_texts_of_two_modules_are_two_types() -> None:
    reader = SignatureReader()
    names: list[dict[str, Any]] = [{"T": int}, {"T": str}]
    for each in names:
        exec("def get(self, a: 'T'): ...", each)
    found = [reader.function(each["get"])[0] for each in names]
    assert [each[1].annotation for each in found if each is not None] == [int, str]


def test_the_function_in_a_closure() -> None:
    def inner() -> None: ...

    def other() -> None: ...

    def one() -> Any:
        return inner

    def two() -> Any:
        return inner, other

    def three() -> Any:
        return inner, other

    three.__name__ = other.__name__

    def late() -> Any:
        return unbound

    assert held_function(one) is inner
    assert held_function(two) is None
    assert held_function(three) is other
    assert held_function(late) is None
    assert held_function(inner) is None
    assert held_function(5) is None
    unbound = inner
