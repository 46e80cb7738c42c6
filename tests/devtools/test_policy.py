"""Room for one script in policies of each sort, and in none more than that."""

from __future__ import annotations

import pytest

from tornkit.devtools.policy import with_room

SCRIPT = "http://localhost:8888/__tornkit__/client.js"
FOLDER = "http://localhost:8888/__tornkit__/"


def room(policy: str) -> tuple[dict[str, list[str]], str] | None:
    """The directives of the policy that is made of this one, and the script's nonce."""
    found = with_room(policy, SCRIPT, FOLDER)
    if found is None:
        return None
    directives = {}
    for text in found.policy.split("; "):
        name, *sources = text.split()
        directives[name] = sources
    return directives, found.nonce


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'self'",
        "script-src 'self'; object-src 'none'",
        "default-src *",
        "img-src 'none'",
        "upgrade-insecure-requests",
    ],
)
def test_what_allows_the_script_stays_as_it_is(policy: str) -> None:
    found = with_room(policy, SCRIPT, FOLDER)
    assert found is not None
    assert (found.policy, found.nonce) == (policy, "")


@pytest.mark.parametrize(
    ("policy", "expected", "nonce"),
    [
        (
            "default-src 'none'",
            {
                "default-src": ["'none'"],
                "script-src": [SCRIPT],
                "connect-src": [FOLDER],
            },
            "",
        ),
        (
            "script-src 'nonce-abc'; connect-src 'self'",
            {
                "script-src": ["'nonce-abc'"],
                "connect-src": ["'self'"],
                "worker-src": ["'nonce-abc'", SCRIPT],
            },
            "abc",
        ),
        (
            "script-src 'nonce-abc' 'strict-dynamic'; worker-src 'self'",
            {"script-src": ["'nonce-abc'", "'strict-dynamic'"], "worker-src": ["'self'"]},
            "abc",
        ),
        (
            "default-src 'self'; script-src 'sha256-aaaa='",
            {
                "default-src": ["'self'"],
                "script-src": ["'sha256-aaaa='", SCRIPT],
            },
            "",
        ),
        (
            "script-src-elem https://cdn.example; worker-src 'self'",
            {"script-src-elem": ["https://cdn.example", SCRIPT], "worker-src": ["'self'"]},
            "",
        ),
        (
            "SCRIPT-SRC 'none'; script-src *; worker-src *",  # the first of a name counts
            {"script-src": [SCRIPT], "worker-src": ["*"]},
            "",
        ),
    ],
)
def test_exactly_what_is_needed_is_added(
    policy: str, expected: dict[str, list[str]], nonce: str
) -> None:
    assert room(policy) == (expected, nonce)


@pytest.mark.parametrize(
    "policy",
    [
        "script-src 'strict-dynamic' 'sha256-aaaa='",
        "sandbox",
        "sandbox allow-scripts",
        "script-src 'nonce-a', script-src 'nonce-b'",
    ],
)
def test_some_policies_have_no_room(policy: str) -> None:
    assert room(policy) is None


def test_each_of_several_policies_has_to_allow_it() -> None:
    found = with_room("default-src 'self', script-src 'none'; worker-src *,", SCRIPT, FOLDER)
    assert found is not None
    assert found.policy == f"default-src 'self', script-src {SCRIPT}; worker-src *"
    one_nonce = with_room("script-src 'nonce-a', default-src 'self'", SCRIPT, FOLDER)
    assert one_nonce is not None
    assert one_nonce.nonce == "a"
