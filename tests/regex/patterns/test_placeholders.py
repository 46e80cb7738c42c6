from __future__ import annotations

import re

import pytest

from tornkit.regex.patterns.placeholders import placeholder


@pytest.mark.parametrize(
    ("pattern", "written", "meant", "example"),
    [
        # Flask, Django, Bottle
        (r"/posts/<int:id>$", "<int:id>", r"/posts/(\d+)", "/posts/1"),
        (r"/posts/<id>/edit$", "<id>", r"/posts/([^/]+)/edit", "/posts/a/edit"),
        (r"/files/<path:rest>$", "<path:rest>", r"/files/(.+)", "/files/a"),
        (r"/x/<id:int>$", "<id:int>", r"/x/(\d+)", "/x/1"),
        (r"/x/<name:re:[a-z]{2}>$", "<name:re:[a-z]{2}>", r"/x/([a-z]{2})", "/x/aa"),
        (r"/x/<regex('[a-z]{3}'):x>$", "<regex('[a-z]{3}'):x>", r"/x/([^/]+)", "/x/a"),
        (r"/x/<any(one,two):kind>$", "<any(one,two):kind>", r"/x/([^/]+)", "/x/a"),
        (r"/x/<yyyy:year>$", "<yyyy:year>", r"/x/([^/]+)", "/x/a"),
        # Express, Sinatra, Rails
        (r"/posts/:id$", ":id", r"/posts/([^/]+)", "/posts/a"),
        (r"/posts/:id?$", ":id", r"/posts/([^/]+)?", "/posts/a"),
        (r"/posts/:id(\d+)$", ":id", r"/posts/(\d+)", "/posts/1"),
        (r"/posts/(:id)$", ":id", r"/posts/([^/]+)", "/posts/a"),
        (r"/:from-:to$", ":from", r"/([^/]+)-([^/]+)", "/a-a"),
        (r"^/:id", ":id", r"^/([^/]+)", "/a"),
        # aiohttp, FastAPI, OpenAPI; ASP.NET; a string of another language
        (r"/posts/{id}$", "{id}", r"/posts/([^/]+)", "/posts/a"),
        (r"/posts/{id:\d{4}}$", r"{id:\d{4}}", r"/posts/(\d{4})", "/posts/1111"),
        (r"/posts/{id:int}$", "{id:int}", r"/posts/(\d+)", "/posts/1"),
        (r"/files/{*rest}$", "{*rest}", r"/files/(.+)", "/files/a"),
        (r"/posts/{id?}$", "{id?}", r"/posts/([^/]+)", "/posts/a"),
        (r"/posts/${id}$", "${id}", r"/posts/([^/]+)", "/posts/a"),
        # beside groups that have names
        (r"/(?P<a>\d+)/<b>$", "<b>", r"/(?P<a>\d+)/(?P<b>[^/]+)", "/1/a"),
    ],
)
def test_a_parameter_of_another_frameworks(
    pattern: str, written: str, meant: str, example: str
) -> None:
    found = placeholder(re.compile(pattern))
    assert found is not None
    assert (found.written, found.meant, found.example) == (written, meant, example)
    assert re.match(found.meant, example)


@pytest.mark.parametrize("pattern", [r"{t}.example.com$", r"<t>.example.com$", r":t.example.com$"])
def test_in_a_host(pattern: str) -> None:
    found = placeholder(re.compile(pattern), host=True)
    assert found is not None
    assert (found.meant, found.example) == (r"([^.]+)\.example\.com", "a.example.com")


@pytest.mark.parametrize(
    "pattern",
    [
        r"/posts/(?P<id>\d+)$",
        r"/(?P<a>x)(?P=a)$",
        r"/x(?<=x)b(?<!c)$",
        r"/(?i:a)|(?a:b)$",
        r"/(?:id)$",
        r"/(:?foo)$",
        r"/(?#<id>)a$",
        r"/a{3}/b{2,}/c{,4}$",
        r"/\{id\}/\<id\>$",
        r"/[{]id[}]/[<]id[>]/[:]id$",
        r"/v1/items:batchGet$",
        r"/urn:isbn:\d+$",
        r"/at/\d\d:\d\d$",
        r"/:memory:$",
        r"/a<b$",
        r"/<a/b>$",
        r"/{}$",
    ],
)
def test_innocent(pattern: str) -> None:
    assert placeholder(re.compile(pattern)) is None


def test_a_parameter_that_the_regex_takes_as_well_is_none() -> None:
    assert placeholder(re.compile(r"/posts/(?:<id>|\w+)$")) is None


def test_what_can_not_be_put_together_is_left() -> None:
    assert placeholder(re.compile(r"/(?P<id>\d+)/<id>$")) is None  # twice the same name
