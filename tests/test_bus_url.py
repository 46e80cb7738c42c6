from __future__ import annotations

import pytest

from tornkit.bus_url import BadBusURL, package_of, scheme_of, shown


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("redis://localhost", "redis"),
        ("REDISS://:pw@h:6380/1?ssl_cert_reqs=none", "redis"),
        ("unix:///run/redis.sock?db=1", "redis"),
        ("redis+sentinel://a:26379,b/name/0", "redis"),
        ("nats://localhost:4222", "nats"),
        ("tls://u:p@a,b/prefix", "nats"),
    ],
)
def test_who_speaks_with_it(url: str, package: str) -> None:
    assert package_of(url) == package


@pytest.mark.parametrize("url", ["", "redis", "redis:", "redis://", "http://a", "://a", "a b"])
def test_what_is_none_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(BadBusURL, match="is no URL of a bus; write redis://") as error:
        scheme_of(url)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("redis://user:geheim@host:1/0?password=geheim", "redis://host:1/0"),
        ("redis://:ge/he?i#m@host", "redis://..."),
        ("redis://:ge@heim@host", "redis://host"),
        ("nats://u:geheim@a:1,u:geheim@b:2", "nats://b:2"),
        ("user:geheim@host", "'host'"),
        ("http://user:geheim@host/x", "http://host/x"),
        ("redis://u:ge,heim@host", "redis://host"),
        ("redis://host?password=ge@heim", "redis://..."),
        ("unix:///run/x.sock?password=geheim@x", "unix://..."),
        ("redis://:geheim", "redis://:..."),
        ("redis://a:1,user:geheim/0", "redis://a:1,user:.../0"),
        ("redis://[::1],[::2]:3/0", "redis://[::1],[::2]:3/0"),
    ],
)
def test_what_is_secret_is_not_shown(url: str, text: str) -> None:
    assert shown(url) == text
