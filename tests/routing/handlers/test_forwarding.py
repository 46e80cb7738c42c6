"""`misfit` against what happens when the decorated method is called."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from tornado.gen import coroutine
from tornado.web import RequestHandler, addslash, authenticated, removeslash

from tornkit.routing.handlers.forwarding import Given, misfit, to_tornado
from tornkit.routing.handlers.slashes import Gate

Method = Callable[..., Any]


def passing(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if "debug" in kwargs and kwargs.get("debug"):
            print(kwargs["debug"])
        return method(self, *args, **kwargs)

    return wrapper


def passing_all(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return method(*args, **kwargs)

    return wrapper


def bare(method: Method) -> Method:
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return wrapper


def with_user(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, "somebody", *args, **kwargs)

    return wrapper


def with_user_by_name(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, user="somebody", **kwargs)

    return wrapper


def taking_one(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, first: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs)

    return wrapper


def dropping_all(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self)

    return wrapper


def with_argument(number: int) -> Callable[[Method], Method]:
    def decorate(method: Method) -> Method:
        @functools.wraps(method)
        def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
            return method(self, *args, **kwargs)

        return wrapper

    return decorate


def marked(method: Method) -> Method:
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(method, "peers", False) and hasattr(method, "name"):
            return method(self, *args, **kwargs)
        print(method.__name__)
        return method(self, *args, **kwargs)

    return wrapper


def guarding(check: Callable[..., None]) -> Callable[[Method], Method]:
    def decorate(method: Method) -> Method:
        def guarded(self: Any, *args: Any, **kwargs: Any) -> Any:
            check(self, **kwargs)
            return method(self, *args, **kwargs)

        guarded.__name__ = method.__name__
        return guarded

    return decorate


def nobody(handler: object, **kwargs: Any) -> None: ...


FOLLOWED = [
    passing,
    passing_all,
    bare,
    marked,
    guarding(nobody),
    with_user,
    with_user_by_name,
    taking_one,
    dropping_all,
    with_argument(1),
]


def popping(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        kwargs.pop("a", None)
        return method(self, *args, **kwargs)

    return wrapper


def handing_over(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        return functools.partial(method, self)(*args[:1])

    return wrapper


def cutting(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        args = args[:1]
        return method(self, *args, **kwargs)

    return wrapper


def with_two_calls(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            return method(self, args[0])
        return method(self, *args, **kwargs)

    return wrapper


def changing_elsewhere(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        _without_a(kwargs)
        return method(self, *args, **kwargs)

    return wrapper


def with_arguments_of_its_own(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        def inner(*args: Any, **kwargs: Any) -> Any:
            return method(self, *args, **kwargs)

        return inner(*args[:1])

    return wrapper


class Counting:
    def __init__(self, method: Method) -> None:
        functools.update_wrapper(self, method)
        self.method = method

    def __get__(self, instance: object, owner: type) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.method(*args[:2])


def _without_a(kwargs: dict[str, Any]) -> None:
    kwargs.pop("a", None)


def through_an_attribute(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            return method.__get__(self)()
        return method(self, *args, **kwargs)

    return wrapper


def through_a_looked_up_attribute(method: Method) -> Method:
    @functools.wraps(method)
    def wrapper(self: Any, *args: Any, **kwargs: Any) -> Any:
        if args:
            return getattr(method, "__get__")(self)()  # noqa: B009 - as it is written somewhere
        return method(self, *args, **kwargs)

    return wrapper


UNDECIDED = [
    popping,
    through_an_attribute,
    through_a_looked_up_attribute,
    handing_over,
    cutting,
    with_two_calls,
    changing_elsewhere,
    with_arguments_of_its_own,
    Counting,
]

CALLS = [Given(), Given(1), Given(2), Given(3), Given(0, ("a",)), Given(0, ("a", "b"))]


def fails(cls: type, given: Given) -> bool:
    try:
        cls().get(*[0] * given.count, **dict.fromkeys(given.names, 0))
    except TypeError:
        return True
    return False


def decorated(decorate: Callable[[Method], Any]) -> list[type]:
    class Nothing:
        @decorate
        def get(self) -> None: ...

    class One:
        @decorate
        def get(self, a: str) -> None: ...

    class Two:
        @decorate
        def get(self, a: str, b: str) -> None: ...

    class User:
        @decorate
        def get(self, user: str, a: str = "") -> None: ...

    class Twice:
        @passing
        @decorate
        @passing
        def get(self, a: str, *, b: str = "") -> None: ...

    return [Nothing, One, Two, User, Twice]


@pytest.mark.parametrize("decorate", FOLLOWED)
def test_what_is_followed_is_decided(decorate: Callable[[Method], Any]) -> None:
    seen = set()
    for cls in decorated(decorate):
        for given in CALLS:
            wrong = misfit(cls, "get", given)
            assert (wrong is not None) == fails(cls, given), (cls.__name__, given, wrong)
            assert wrong is None or wrong.sure
            seen.add(wrong is None)
    assert seen == {True, False}


@pytest.mark.parametrize("decorate", UNDECIDED)
def test_what_is_not_plain_is_never_called_sure(decorate: Callable[[Method], Any]) -> None:
    unsure = 0
    for cls in decorated(decorate):
        for given in CALLS:
            wrong = misfit(cls, "get", given)
            if wrong is not None and wrong.sure:
                assert fails(cls, given), (cls.__name__, given, wrong)
            unsure += wrong is not None and not wrong.sure
    assert unsure


@pytest.mark.parametrize("decorate", [authenticated, addslash, removeslash, coroutine])
def test_tornados_own_decorators_pass_on(decorate: Callable[[Any], Any]) -> None:
    class Handler(RequestHandler):
        @decorate
        def get(self, a: str) -> None: ...

    assert misfit(Handler, "get", Given(1)) is None
    wrong = misfit(Handler, "get", Given(2))
    assert wrong is not None
    assert (wrong.sure, wrong.problem) == (True, "takes only 1 argument and is given 2")


def test_what_may_keep_a_request_from_the_method_is_told() -> None:
    class Handler(RequestHandler):
        @authenticated
        @addslash
        @passing
        @removeslash
        def get(self) -> None: ...

        @addslash
        def post(self, *args: str) -> None: ...

    wrong = misfit(Handler, "get", Given(1))
    assert wrong is not None
    assert wrong.gates == (Gate.ADDSLASH, Gate.REMOVESLASH)
    assert misfit(Handler, "post", Given(1)) is None


def test_what_arrives_is_told() -> None:
    class Handler:
        @with_user
        def get(self, user: str) -> None: ...

    wrong = misfit(Handler, "get", Given(1))
    assert wrong is not None
    assert wrong.given == Given(2)


# ---- through super() ----


class Base(RequestHandler):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)


class Own(Base):
    def __init__(self, application: Any, request: Any, db: Any, **kwargs: Any) -> None:
        super().__init__(application, request, **kwargs)


class Changing(Base):
    def __init__(self, application: Any, request: Any, **kwargs: Any) -> None:
        kwargs.setdefault("db", 1)
        super().__init__(application, request, **kwargs)


class Explicit(Base):
    def __init__(self, application: Any, request: Any, **kwargs: Any) -> None:
        RequestHandler.__init__(self, application, request, **kwargs)


def test_constructors_that_hand_on() -> None:
    given = Given(2, ("db", "cache"))
    assert to_tornado(Base, "__init__", given) == given
    assert to_tornado(Own, "__init__", given) == Given(2, ("cache",))
    assert to_tornado(RequestHandler, "__init__", given) == given
    assert to_tornado(Changing, "__init__", given) is None
    assert to_tornado(Explicit, "__init__", given) is None


def test_without_a_source_nothing_is_claimed() -> None:
    names: dict[str, Any] = {"functools": functools}
    exec(
        "def decorate(method):\n"
        "    @functools.wraps(method)\n"
        "    def wrapper(self, *args, **kwargs):\n"
        "        return method(self, *args, **kwargs)\n"
        "    return wrapper\n",
        names,
    )

    class Handler:
        @names["decorate"]  # type: ignore[untyped-decorator]
        def get(self, a: str) -> None: ...

    wrong = misfit(Handler, "get", Given(2))
    assert wrong is not None
    assert not wrong.sure


def test_a_wrapper_that_wraps_itself() -> None:
    def get(self: Any, *args: Any) -> None: ...

    get.__wrapped__ = get  # type: ignore[attr-defined]
    handler = type("Handler", (), {"get": get})
    assert misfit(handler, "get", Given(2)) is None
