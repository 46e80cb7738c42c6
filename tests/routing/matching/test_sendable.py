"""Tests of paths as they go over the wire, and of hosts that reach a route."""

from __future__ import annotations

import re
import string
from urllib.parse import unquote

import pytest

from tests.routing.handmade import a_route, host, path
from tornkit.routing.conditions import CustomCondition, DefaultHostCondition
from tornkit.routing.matching.search import Answer, Request, answer
from tornkit.routing.matching.sendable import SENT_AS_IS, USUAL_HOSTS, hosts, sent

DEFAULT = DefaultHostCondition(re.compile(r"a\.com$"), "a.com")
IMPOSSIBLE = DefaultHostCondition(re.compile(r"b\.com$"), "a.com")


def test_sent_as_a_browser_would() -> None:
    assert sent("/a b/é|(x)+%20~[1]") == "/a%20b/%C3%A9|(x)+%20~[1]"


class TestSent:
    @pytest.mark.parametrize("mark", '"<>`{}^\\ \t\n\x7f')
    def test_what_a_browser_percent_encodes(self, mark: str) -> None:
        assert sent(f"/a{mark}b") == f"/a%{ord(mark):02X}b"

    def test_all_other_ascii_stays(self) -> None:
        url = "/" + string.ascii_letters + string.digits + SENT_AS_IS
        assert sent(url) == url
        assert sent(f"{url} ") == f"{url}%20"  # beside something that does not, too
        assert set(SENT_AS_IS) >= set("/%?#[]|~'()*!$&+,;=:@-._")

    def test_what_is_encoded_is_not_encoded_again(self) -> None:
        assert sent("/caf%C3%A9") == "/caf%C3%A9"
        assert sent("/100% é") == "/100%%20%C3%A9"

    @pytest.mark.parametrize(
        ("url", "wire"),
        [
            ("/é", "/%C3%A9"),
            ("/中", "/%E4%B8%AD"),
            ("/\U0001f600", "/%F0%9F%98%80"),
            ("/\ud83d\ude00", "/%F0%9F%98%80"),  # the same in two halves
            ("/\ud83d", "/%EF%BF%BD"),
            ("/\ude00\ud83d", "/%EF%BF%BD%EF%BF%BD"),
        ],
    )
    def test_letters_go_as_utf8_and_half_a_pair_is_replaced(self, url: str, wire: str) -> None:
        assert sent(url) == wire

    def test_nothing_is_lost(self) -> None:
        url = "/" + "".join(map(chr, range(1, 0x250)))
        assert unquote(sent(url.replace("%", ""))) == url.replace("%", "")
        assert sent("") == ""


class TestHosts:
    def test_any_host_will_do_where_no_rule_asks_for_one(self) -> None:
        assert hosts(a_route("/x")) == USUAL_HOSTS
        assert hosts(a_route("/x", path("/.*$"))) == USUAL_HOSTS
        assert hosts(a_route(None)) == USUAL_HOSTS
        assert hosts(a_route("/x", CustomCondition("Mine"))) == USUAL_HOSTS
        assert hosts(a_route("/x", DEFAULT)) == USUAL_HOSTS

    def test_a_rule_gives_hosts_of_its_own(self) -> None:
        assert hosts(a_route("/x", host(r"www\.(a|b)\.com$"))) == ("www.a.com", "www.b.com")

    def test_a_developers_own_host_goes_first_where_it_may(self) -> None:
        found = hosts(a_route("/x", host(r".*$")))
        assert found[0] == "localhost"
        assert set(found) > set(USUAL_HOSTS)
        assert hosts(a_route("/x", host(r"example\.com$|.*\.org$")))[0] == "example.com"

    def test_all_rules_have_to_hold(self) -> None:
        rules = host(r".*\.com$"), host(r"(?:a|b)\..*$")
        found = hosts(a_route("/x", *rules))
        for rule in rules:
            assert all(answer(rule, Request("/", each)) is Answer.YES for each in found)
        assert hosts(a_route("/x", host("a$"), host("b$"))) == ()

    def test_the_rule_at_the_route_itself_counts(self) -> None:
        assert hosts(a_route(host(r"a\.com$"))) == ("a.com",)

    def test_a_rule_in_capitals_has_none(self) -> None:
        """Reason: a host is lower-cased before it is compared."""
        assert hosts(a_route("/x", host(r"A\.com$"))) == ()
        assert hosts(a_route("/x", host(r"(?i)A\.com$"))) == ("a.com",)

    def test_under_a_default_host_that_is_another_there_is_none(self) -> None:
        assert hosts(a_route("/x", IMPOSSIBLE)) == ()
        assert hosts(a_route("/x", host(r".*$"), IMPOSSIBLE)) == ()
        assert hosts(a_route("/x", host(r"c\.com$"), DEFAULT)) == ("c.com",)

    def test_none_comes_twice(self) -> None:
        found = hosts(a_route("/x", host("localhost$|localhost$|.*$")))
        assert len(found) == len(set(found))
