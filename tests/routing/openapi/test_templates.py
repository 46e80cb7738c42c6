"""Path regexes as path templates: what they look like, and whether they say the same."""

from __future__ import annotations

import random
import re

import pytest

from tornkit.regex.patterns.sample import examples
from tornkit.routing.openapi.templates import MOST, PathTemplate, Slot, schema, templates

EXACT = {
    r"/a$": ["/a"],
    r"/a\.b-c$": ["/a.b-c"],
    r"/a/?$": ["/a", "/a/"],
    r"/colou?r$": ["/color", "/colour"],
    r"/a$|/b$": ["/a", "/b"],
    r"/(?:about|contact)$": ["/about", "/contact"],
    r"/x(?:\.json|\.xml)?$": ["/x", "/x.json", "/x.xml"],
    r"/-{3}$": ["/---"],
    r"/(\d+)/edit$": ["/{1}/edit"],
    r"/(?P<year>\d{4})/(?P<month>\d\d)$": ["/{1}/{2}"],
    r"/(help|trade)/$": ["/{1}/"],
    r"/a(/\d+)?$": ["/a", "/a/{1}"],
    r"/a(?:/(\d+))?$": ["/a", "/a/{1}"],
    r"/a(/(\d+))?$": ["/a", "/a/{2}"],
    r"/(a/b|c)$": ["/a/b", "/c"],
    r"/(\d+/\d+)$": ["/{1}/{1}"],
    r"/files/[0-9a-f]{8}\.txt$": ["/files/{None}.txt"],
    r"/[a-z][a-z0-9]*-\d+/q$": ["/{None}-{None}/q"],
    r"/v[12]$": ["/v1", "/v2"],
    r"/(\d+|[a-z]+)$": ["/{1}"],
    r"^/a\Z": ["/a"],
    r"/x/([^/]+$)": ["/x/{1}"],
    r"/(a$|b)/c$": ["/b/c"],
}
INEXACT = {
    r"/a|/b$": ["/a", "/b"],
    r"/static/(.*)$": ["/static/{1}"],
    r"/api(/.*)?$": ["/api", "/api/{1}"],
    r"/old/.*$": ["/old/{None}"],
    r".*$": ["/{None}"],
    r"/?(.*)$": ["/{1}"],
    r"/(?!x)([a-z]+)$": ["/{1}"],
    r"/((?:[^/]+/)*[^/]+)$": ["/{1}"],
    r"/(\w)\1$": ["/{1}{None}"],
    r"/(\d+)([a-z]+)$": ["/{1}{2}"],
    r"/x\$": ["/x$"],
    r"/pre": ["/pre"],
    r"/a\{b\}$": ["/a%7Bb%7D"],
    r"/a\?b$": ["/a%3Fb"],
    r"/café$": ["/caf%C3%A9"],
    r"(?i)/A/(\d+)$": ["/A/{1}"],
    r"(?:/(\d+))+$": ["/{None}"],
    r"/feed.xml$": ["/feed.xml"],
    r"/c(?P<path>(?:(?:/[^/]+)+|/?))/x$": ["/c/{1}/x", "/c/x", "/c//x"],
    r"/d((?:/[^/]+)*)$": ["/d", "/d/{1}"],
    r"/(?>a)$": ["/a"],
    r"": ["/{None}"],
}

# The template is what a person means, or what a client sends; not what the regex takes.
SPELLED_OTHERWISE = {r"/a\{b\}$", r"/a\?b$", r"/café$", r"/feed.xml$"}


def shapes(found: tuple[PathTemplate, ...]) -> list[str]:
    return [each.text([str(slot.group) for slot in each.slots]) for each in found]


@pytest.mark.parametrize(("regex", "expected"), (EXACT | INEXACT).items())
def test_templates(regex: str, expected: list[str]) -> None:
    assert shapes(templates(re.compile(regex))) == expected


def test_any_path_at_all() -> None:
    (only,) = templates(None)
    assert (only.text(["rest"]), only.exact) == ("/{rest}", False)


@pytest.mark.parametrize("regex", ["foo$", "$", "[a-z]+$", "(?:x|y)/a$", "/a$b"])
def test_no_path_is_like_it(regex: str) -> None:
    assert templates(re.compile(regex)) == ()


def test_a_path_that_can_be_long_in_many_ways_is_not_cut_off() -> None:
    regex = re.compile("/" + "".join(f"(?:{letter}/)?" for letter in "abcdefgh") + "$")
    found = templates(regex)
    assert 0 < len(found) <= MOST
    matched = compiled(found, regex)
    for text in ("/", "/a/", "/h/", "/a/b/c/d/e/f/g/h/", "/b/g/"):
        assert regex.match(text)
        assert any(each.fullmatch(text) for each in matched), text
    assert not all(each.exact for each in found)


def test_groups_beyond_the_limit_are_told_by_the_regex() -> None:
    found = templates(re.compile("/" + "".join(f"({letter})?" for letter in "abcdef") + "$"))
    assert not any(each.exact for each in found)


@pytest.mark.parametrize(
    ("regex", "expected"),
    [
        (r"/(\d+)$", {"type": "string", "pattern": r"^\d+$"}),
        (r"/(a|bc)$", {"type": "string", "enum": ["a", "bc"]}),
        (r"/(.*)$", {"type": "string"}),
        (r"/(a++)$", {"type": "string"}),
        (r"(?i)/(a)$", {"type": "string"}),
        (r"/a(/\d+)?$", {"type": "string", "pattern": r"^\d+$"}),
    ],
)
def test_the_values_of_a_slot(regex: str, expected: dict[str, object]) -> None:
    pattern = re.compile(regex)
    assert schema(templates(pattern)[-1].slots[0], pattern) == expected


def compiled(found: tuple[PathTemplate, ...], regex: re.Pattern[str]) -> list[re.Pattern[str]]:
    """Each template with its slots' schemas as a regex again: what a reader of it would expect."""
    return [
        re.compile("".join(piece(part, regex) for part in template.parts)) for template in found
    ]


def piece(part: str | Slot, regex: re.Pattern[str]) -> str:
    if isinstance(part, str):
        return re.escape(part)
    told = schema(part, regex)
    listed = "|".join(re.escape(word) for word in told.get("enum", ()))
    return f"(?:{listed or told.get('pattern', '^.*$').strip('^$')})"


@pytest.mark.parametrize("regex", EXACT)
def test_exact_templates_say_what_the_regex_says(regex: str) -> None:
    pattern = re.compile(regex)
    found = templates(pattern)
    assert all(template.exact for template in found)
    expected = compiled(found, pattern)
    chosen = random.Random(regex)
    letters = "".join(dict.fromkeys(regex + "/a1z")) + "/"
    texts = [example.text for example in examples(pattern)]
    texts += [text + end for text in texts for end in ("/", "x", "1", "/7")]
    texts += ["/" + "".join(chosen.choices(letters, k=length % 9)) for length in range(2000)]
    for text in texts:
        assert bool(pattern.match(text)) == any(one.fullmatch(text) for one in expected), text


@pytest.mark.parametrize("regex", sorted(INEXACT.keys() - SPELLED_OTHERWISE))
def test_inexact_ones_say_so_and_leave_no_path_out(regex: str) -> None:
    pattern = re.compile(regex)
    found = templates(pattern)
    assert not all(template.exact for template in found)
    if not pattern.flags & re.IGNORECASE:
        expected = compiled(found, pattern)
        for example in examples(pattern):
            text = example.text or "/"
            assert not text.startswith("/") or any(one.fullmatch(text) for one in expected), text
