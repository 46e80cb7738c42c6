"""Who may see the pages for whoever develops; each refusal stands for a hole found elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from tornado.httputil import HTTPServerRequest

from tests.devtools.requests import request
from tornkit.devtools.access import is_own_host, may_see


def asked(given: dict[str, Any]) -> HTTPServerRequest:
    """A request by its host, its client's address, and headers with ``_`` for ``-``."""
    headers = {name.replace("_", "-"): given[name] for name in given if name[0].isupper()}
    return request(headers=headers, **{name: given[name] for name in given if name[0].islower()})


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"host": "127.0.0.1:8888"},
        {"host": "[::1]:8888", "address": ("::1", 50000, 0, 0)},
        {"host": "shop.localhost"},
        {"host": "LOCALHOST"},
        {"address": ("::ffff:127.0.0.1", 50000, 0, 0)},
        {"address": ("127.8.8.8", 50000)},
        {"Origin": "http://localhost:8888"},
        {"Sec_Fetch_Site": "same-origin", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Site": "none", "Sec_Fetch_Dest": "document"},
        {
            "Sec_Fetch_Site": "cross-site",
            "Sec_Fetch_Mode": "navigate",
            "Sec_Fetch_Dest": "document",
        },
    ],
)
def test_a_person_at_this_machine(given: dict[str, Any]) -> None:
    assert may_see(asked(given))


@pytest.mark.parametrize(
    "given",
    [
        {"address": ("192.168.1.7", 50000)},
        {"address": ("10.0.0.1", 50000), "host": "localhost"},
        {"address": ("fe80::1%lo", 50000, 0, 0)},
        {"address": ""},
        {"address": None},
        {"address": ()},
    ],
    ids=["another machine", "with our name", "link-local", "a Unix socket", "unknown", "empty"],
)
def test_another_machine(given: dict[str, Any]) -> None:
    assert not may_see(asked(given))


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8888", "localhost.evil.example", "127.0.0.1.nip.io", "0.0.0.0",
     "192.168.1.7", "", "[::", "user@", "notlocalhost", "localhost@evil.example", "[::2]"],
)  # fmt: skip
def test_another_name_that_leads_here(host: str) -> None:
    """DNS rebinding: the browser takes the page for one of that name's site."""
    assert not may_see(request(host=host))


def test_a_name_that_was_given() -> None:
    assert may_see(request(host="my-laptop:8888"), ["my-laptop"])
    assert not may_see(request(host="my-laptop:8888"))
    assert not is_own_host("my-laptop.evil.example", ["my-laptop"])


@pytest.mark.parametrize(
    "name",
    [
        *("X-Forwarded-For", "X-Real-Ip", "Forwarded", "Via", "X-Forwarded-Host"),
        *("X-Forwarded-Proto", "X-Forwarded", "CF-Connecting-IP", "True-Client-Ip", "X-Client-Ip"),
    ],
)
def test_a_client_that_a_proxy_has_brought(name: str) -> None:
    assert not may_see(request(headers={name: "127.0.0.1"}))


@pytest.mark.parametrize(
    "given",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:9999"},
        {"Origin": "https://localhost:8888"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "script"},
        {
            "Sec_Fetch_Site": "cross-site",
            "Sec_Fetch_Mode": "navigate",
            "Sec_Fetch_Dest": "iframe",
        },
    ],
)
def test_a_page_of_another_site(given: dict[str, Any]) -> None:
    assert not may_see(asked(given))


def test_a_proxy_that_says_nothing() -> None:
    """By default nginx asks in HTTP/1.0, for a host of its own."""
    old = request()
    old.version = "HTTP/1.0"
    assert not may_see(old)
