"""Signing in and out."""

from __future__ import annotations

import pytest
from tornkit.testing import Client

from board.sessions import SESSION_COOKIE


def test_signing_in_and_out(signed_in: Client) -> None:
    page = signed_in.get("/")
    assert "ada" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    page = signed_in.post("/sign-out")
    assert "You have signed out." in page.text
    assert "Sign in" in page.text


def test_the_cookie_is_out_of_reach_for_scripts(signed_in: Client) -> None:
    answer = signed_in.post(
        "/sign-in",
        data={"name": "ada", "password": "correct horse battery"},
        follow_redirects=False,
    )
    cookies = [each for each in answer.headers.get_list("Set-Cookie") if SESSION_COOKIE in each]
    assert len(cookies) == 1
    assert "HttpOnly" in cookies[0]
    assert "SameSite=Lax" in cookies[0]


def test_a_session_that_was_there_before_ends(signed_in: Client) -> None:
    before = signed_in.cookies[SESSION_COOKIE]
    signed_in.post("/sign-in", data={"name": "ada", "password": "correct horse battery"})
    assert signed_in.cookies[SESSION_COOKIE] != before
    signed_in.cookies.set(SESSION_COOKIE, before)
    assert "Sign in" in signed_in.get("/").text


def test_a_token_that_was_foisted_on_a_browser_is_never_signed_in(signed_in: Client) -> None:
    signed_in.cookies.clear()
    signed_in.cookies.set(SESSION_COOKIE, "chosen-by-somebody-else")
    signed_in.post("/sign-in", data={"name": "ada", "password": "correct horse battery"})
    assert SESSION_COOKIE in signed_in.cookies
    signed_in.cookies.clear()
    signed_in.cookies.set(SESSION_COOKIE, "chosen-by-somebody-else")
    assert "Sign in" in signed_in.get("/").text


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("nobody", "wrong"), ("", "")])
def test_a_refusal_does_not_say_whether_there_is_such_a_user(
    signed_in: Client, name: str, password: str
) -> None:
    signed_in.cookies.clear()
    page = signed_in.post("/sign-in", data={"name": name, "password": password})
    assert page.status_code == 422
    assert "Name and password don&#x27;t fit." in page.text or "don't fit" in page.text


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/healthz", "/healthz"),
        ("//elsewhere.example", "/"),
        ("/\\elsewhere.example", "/"),
        ("https://elsewhere.example", "/"),
        ("", "/"),
    ],
)
def test_it_leads_back_to_pages_of_this_site_alone(
    signed_in: Client, wanted: str, leads_to: str
) -> None:
    answer = signed_in.post(
        "/sign-in",
        data={"name": "ada", "password": "correct horse battery", "next": wanted},
        follow_redirects=False,
    )
    assert answer.headers["Location"] == leads_to
