"""Paths as a client sends them, and hosts that it may ask for."""

from __future__ import annotations

import re
import string
from urllib.parse import quote

from tornkit.regex.patterns.sample import host_examples
from tornkit.routing.conditions import DefaultHostCondition, HostCondition, PathCondition
from tornkit.routing.matching.search import Answer, Request, answer
from tornkit.routing.model import Route

# Tried for routes that any host reaches; the first is what a developer's browser sends. The last
# are unlikely to be somebody's own host rule.
USUAL_HOSTS = ("localhost", "127.0.0.1", "example.com", "host.invalid")
# What a browser leaves as it is in a path; all else it percent-encodes (WHATWG URL, "path
# percent-encode set", and the backslash, which it would turn into a slash).
SENT_AS_IS = "".join(mark for mark in string.punctuation if mark not in '"<>`{}^\\')
_AS_IT_IS = re.compile(f"[a-zA-Z0-9{re.escape(SENT_AS_IS)}]*")


def sent(url: str) -> str:
    """The path as it goes over the wire: ``/café`` -> ``/caf%C3%A9``.

    Tornado matches on this raw form; so a space or a non-ASCII letter in a pattern is dead.
    Half a surrogate pair becomes U+FFFD, as in a browser.
    """
    if _AS_IT_IS.fullmatch(url):
        return url  # nearly all
    whole = url.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return quote(whole, safe=SENT_AS_IS)


def hosts(route: Route) -> tuple[str, ...]:
    """Hosts with which a request can reach ``route``, likeliest first; empty if none was found.

    >>> hosts(route_under_host_rule)  # doctest: +SKIP
    ('www.example.com',)
    """
    rules = [found for found in route.conditions if isinstance(found, HostCondition)]
    if not rules and all(isinstance(found, PathCondition) for found in route.conditions):
        return USUAL_HOSTS
    if any(isinstance(c, DefaultHostCondition) and not c.possible for c in route.conditions):
        return ()
    made = [host for rule in rules for host in host_examples(rule.regex)]
    tried = dict.fromkeys([USUAL_HOSTS[0], *made, *USUAL_HOSTS])
    return tuple(
        host
        for host in tried
        if all(answer(rule, Request("/", host)) is Answer.YES for rule in rules)
    )
