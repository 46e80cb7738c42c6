"""Whether Tornado is the known one is told from its code, and from nothing else of it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
from tornado import routing, web

from tornkit.engine.routers import original
from tornkit.engine.routers.original import same_code, unchanged

OWNERS: list[tuple[Any, str]] = [
    (routing.RuleRouter, "find_handler"),
    (routing.RuleRouter, "get_target_delegate"),
    (web._ApplicationRouter, "get_target_delegate"),
    (web.Application, "find_handler"),
    (routing.PathMatches, "match"),
    (routing.AnyMatches, "match"),
]


def test_the_installed_one_is_known() -> None:
    assert unchanged()


@pytest.mark.parametrize(("owner", "name"), OWNERS)
def test_each_that_is_another_is_seen(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = getattr(owner, name)

    @functools.wraps(own)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        return own(*args, **kwargs)

    monkeypatch.setattr(owner, name, wrapped)
    assert not unchanged()


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (routing.ReversibleRuleRouter, "find_handler"),
        (routing.ReversibleRuleRouter, "get_target_delegate"),
        (web._ApplicationRouter, "find_handler"),
    ],
)
def test_one_more_on_the_way_is_seen(
    owner: Any, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, lambda *args, **kwargs: None)
    assert not unchanged()


@pytest.mark.parametrize("name", ["ApplicationRouter", "unquote_or_none"])
def test_what_is_not_there_any_more_is_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(original, name, None)
    assert not unchanged()


def one(text: Any) -> Any:
    """."""
    return [part.strip("a") for part in text if part]


def same(text: str) -> list[str]:
    """."""

    return [part.strip("a") for part in text if part]


def other_constant(text: Any) -> Any:
    """."""
    return [part.strip("b") for part in text if part]


def other_name(text: Any) -> Any:
    """."""
    return [part.lstrip("a") for part in text if part]


def other_argument(text: Any, more: Any) -> Any:
    """."""
    return [part.strip("a") for part in text if part]


def other_kind(*text: Any) -> Any:
    """."""
    return [part.strip("a") for part in text if part]


def other_condition(text: Any) -> Any:
    """."""
    return [part.strip("a") for part in text if not part]


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (same, True),
        (other_constant, False),
        (other_name, False),
        (other_argument, False),
        (other_kind, False),
        (other_condition, False),
    ],
)
def test_codes_are_the_same_if_they_do_the_same(other: Callable[..., Any], expected: bool) -> None:
    assert same_code(one.__code__, other.__code__) == expected


def test_one_is_not_true_and_zero_not_false() -> None:
    assert not same_code((lambda: (1, "x")).__code__, (lambda: (True, "x")).__code__)


def test_what_takes_more_by_place_is_not_what_takes_more_by_name() -> None:
    by_place = (lambda text, *more: (text, more)).__code__
    by_name = (lambda text, **more: (text, more)).__code__
    assert by_place.co_code == by_name.co_code
    assert not same_code(by_place, by_name)
