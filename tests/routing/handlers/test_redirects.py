"""Where redirects go. `test_answers` asks Tornado itself; here are the corners."""

from __future__ import annotations

import pytest

from tornkit.routing.handlers.redirects import BadRedirect, UnfitRedirect, location


def test_groups_are_filled_in() -> None:
    assert location("/{1}/{0}", ["a", "b"], {}, "", "6.6.1") == "/b/a"
    assert location("/{word}", [], {"word": "x"}, "", "6.6.1") == "/x"


def test_the_query_goes_along_and_equal_names_come_together() -> None:
    assert location("/n?k=1", [], {}, "a=1&b=2&a=%C3%A9", "6.6") == "/n?k=1&a=1&a=%C3%A9&b=2"


@pytest.mark.parametrize("url", ["/{1}", "/{word}", "/{0.nothing}", "/{", "/{0:d}"])
def test_fields_that_do_not_fit(url: str) -> None:
    with pytest.raises(UnfitRedirect, match="do not fit the fields"):
        location(url, ["a"], {}, "", "6.6")


@pytest.mark.parametrize(
    ("url", "value"),
    [("/{0}/b", "/evil.com"), ("{0}", "https://evil.com"), ("//{0}/", "x"), ("http://{0}", "x")],
)
def test_what_is_filled_in_may_not_choose_the_host(url: str, value: str) -> None:
    with pytest.raises(BadRedirect, match="would leave the host"):
        location(url, [value], {}, "", "6.6")
    assert location(url, [value], {}, "", "6.5.2") == url.format(value)


def test_nor_bring_control_characters() -> None:
    with pytest.raises(BadRedirect, match="control character"):
        location("/{0}", ["a\x01"], {}, "", "6.10")


def test_a_host_in_the_template_stays() -> None:
    assert location("https://b.org/{0}", ["x"], {}, "", "6.6") == "https://b.org/x"
