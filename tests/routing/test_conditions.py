"""Tests of what a condition says without a request: a rule for ``default_host``."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.routing import DefaultHostMatches
from tornado.web import Application

from tornkit.routing.conditions import DefaultHostCondition

RULES = [
    (r"a\.com$", "a.com", True),
    (r"a\.com$", "www.a.com", False),  # from the beginning on
    (r"a\.com$", "a.com.org", False),
    (r"a\.com", "a.com.org", True),  # a compiled pattern needs no end
    (r"A\.com$", "A.com", True),  # an application's own host is not lower-cased
    (r"A\.com$", "a.com", False),
    (r".*$", "", True),
    (r"", "a.com", True),  # what matches nothing of it has matched
    (r"a\.com$", "a.com:80", False),
]


@pytest.mark.parametrize(("pattern", "default_host", "possible"), RULES)
def test_a_rule_for_default_host_holds_for_all_requests_or_none(
    pattern: str, default_host: str, possible: bool
) -> None:
    regex = re.compile(pattern)
    assert DefaultHostCondition(regex, default_host).possible is possible
    assert (asked(DefaultHostMatches(Application(default_host=default_host), regex))) is possible


def asked(matcher: Any) -> bool:
    """Ask Tornado's own matcher about a request for another host."""
    connection: Any = object()
    request = HTTPServerRequest(
        start_line=RequestStartLine("GET", "/", "HTTP/1.1"),
        headers=HTTPHeaders({"Host": "elsewhere.org"}),
        connection=connection,
    )
    return matcher.match(request) is not None
