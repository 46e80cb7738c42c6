"""Tornado routes as it is known to, or whatever is another is seen."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from tornado import routing, web

from tornkit.engine.routers import original
from tornkit.engine.routers.original import unchanged

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
