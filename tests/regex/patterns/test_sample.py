from __future__ import annotations

import re

import pytest

from tornkit.regex.patterns.pattern import parsed
from tornkit.regex.patterns.sample import built, examples, host_examples


def first(pattern: str, flags: int = 0) -> tuple[str, ...]:
    return next(examples(re.compile(pattern, flags))).groups


@pytest.mark.parametrize(
    ("pattern", "groups"),
    [
        (r"/(\d+)$", ("1",)),
        (r"/([^/]+)/(.*)$", ("a", "a")),
        (r"/(?P<slug>[\w-]+)$", ("a",)),
        (r"/(news|blog)/([0-9]{4})$", ("news", "1111")),
        (r"/([0-9a-f]{8}-[0-9a-f]{4})$", ("aaaaaaaa-aaaa",)),
        (r"/(.+\.png)$", ("a.png",)),
        (r"/([A-F]+)$", ("A",)),
        (r"/([^a-zA-Z0-9]+)$", ("-",)),
        (r"/([\u4e00-\u9fff])$", ("中",)),
        (r"/([\u0500-\u0510])$", ("\u0500",)),
        (r"/()$", ("",)),
        (r"/(a(b)c)$", ("abc", "b")),
        (r"/(x{3,5})$", ("xxx",)),
        (r"/(%2F)$", ("/",)),
        (r"/(%FF)$", ("%FF",)),
        (r"/((?>ab|a)c++)$", ("abc",)),
        (r"(x)?/(?(1)([a-z])|(\d))$", ("x", "a", "1")),
    ],
)
def test_short_and_natural(pattern: str, groups: tuple[str, ...]) -> None:
    assert first(pattern) == groups


@pytest.mark.parametrize(
    "pattern",
    [
        r"/posts/(\d+)$",
        r"/(?P<year>[0-9]{4})/(?P<slug>[a-z0-9-]+)$",
        r"/a-b/([^/]+)/(\w*)/([\w.-]{1,18})",
        r"/x/([A-F]+)/end$",
    ],
)
def test_the_short_way_leads_where_the_long_one_does(pattern: str) -> None:
    regex = re.compile(pattern)
    assert next(examples(regex)).text == next(built(parsed(regex)))


@pytest.mark.parametrize(
    "pattern",
    [
        r"/(\w+)-\1$",
        r"/((?!a|1)\w+)$",
        r"/(?=\d)(\w+)$",
        r"/(\w{2,3})(?<!aa)(?<!11)$",
        r"/(a*)(?<!a)$",
        r"/(aa|[^a]+)(?<!aa)$",
    ],
)
def test_look_arounds_and_back_references_are_verified(pattern: str) -> None:
    regex = re.compile(pattern)
    found = list(examples(regex))
    assert found
    for example in found:
        match = regex.match(example.text)
        assert match is not None
        assert match.groups() == example.groups


@pytest.mark.parametrize(
    "pattern", [r"/(?!)(a)$", r"/(\w)(?<=[^\w])$", r"/(.{5000})$", r"/(?=zebra)([a-z]+)$"]
)
def test_no_example_rather_than_a_wrong_one(pattern: str) -> None:
    assert list(examples(re.compile(pattern))) == []


def test_examples_in_which_all_groups_take_part_come_first() -> None:
    regex = re.compile(r"/a(/\d+)?$")
    texts = [example.text for example in examples(regex)]
    assert texts[0] == "/a/1"
    assert "/a" in texts
    assert texts.index("/a") > max(texts.index(text) for text in texts if text != "/a")


def test_a_group_that_takes_no_part_gets_a_value_of_its_own() -> None:
    assert first(r"/x/(\d+)$|/y/([A-Z])$") == ("1", "A")


def test_variants_differ() -> None:
    assert len({example.groups for example in examples(re.compile(r"/([^/]+)$"))}) > 5


def test_each_example_once() -> None:
    assert [example.text for example in examples(re.compile(r"/(a|b)$"))] == ["/a", "/b"]


def test_hosts_are_lower_case() -> None:
    assert host_examples(re.compile(r"www\.(a|b)\.com$")) == ("www.a.com", "www.b.com")
    assert host_examples(re.compile(r"[^.]+\.example\.com$"))[0] == "a.example.com"
    assert host_examples(re.compile(r"A\.com$")) == ()  # Tornado makes the host lower case
    assert host_examples(re.compile(r"A\.com$", re.IGNORECASE)) == ("a.com",)
