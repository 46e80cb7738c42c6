"""Signing in and out, and cookies that must not be believed."""

from __future__ import annotations

import pytest
from tornado.web import create_signed_value, decode_signed_value

from sample_project.handlers.account import LOCAL_PATH
from sample_project.settings import Settings

from .support import BoardTest, Browser


class Account(BoardTest):
    settings = Settings(cookie_secrets={1: "the old key", 2: "the new key"})

    def signed(self, value: str, key_version: int, secret: str) -> str:
        cookie = create_signed_value({key_version: secret}, "user", value, key_version=key_version)
        return cookie.decode()

    def who(self, cookie: str) -> str | None:
        """The name under which a reader with this cookie appears."""
        browser = Browser(self)
        browser.cookies["user"] = cookie
        page = browser.text("/")
        return page.partition('<span class="who">')[2].partition("<")[0] or None

    def test_the_cookie_is_kept_from_scripts_and_other_sites(self) -> None:
        response = Browser(self).sign_in("ada")
        cookies = response.headers.get_list("Set-Cookie")
        assert sorted(cookie.partition("=")[0] for cookie in cookies) == ["flash", "user"]
        for cookie in cookies:
            assert "HttpOnly" in cookie
            assert "SameSite=Lax" in cookie
            assert "Secure" not in cookie  # development has no https

    def test_names_have_rules(self) -> None:
        for name in ("", "x", "two words", "<b>", "a" * 25):
            response = Browser(self).sign_in(name)
            assert response.code == 422
            assert "Set-Cookie" not in response.headers
        assert b'value="&lt;b&gt;"' in Browser(self).sign_in("<b>").body

    def test_sign_out(self) -> None:
        browser = Browser(self)
        browser.sign_in("ada")
        assert browser.request("/sign-out", "POST", "").code == 403  # without a token
        assert browser.form("/", "/sign-out").code == 303
        assert "user" not in browser.cookies
        assert "Sign in" in browser.text("/")

    def test_a_cookie_of_the_older_key_is_accepted_and_renewed(self) -> None:
        browser = Browser(self)
        browser.cookies["user"] = old = self.signed("user:ada", 1, "the old key")
        assert "ada" in browser.text("/")
        assert browser.cookies["user"] != old
        newest_only = {2: "the new key"}
        assert decode_signed_value(newest_only, "user", browser.cookies["user"]) == b"user:ada"
        assert "Set-Cookie" not in browser.request("/").headers

    def test_cookies_that_are_not_ours_are_nobody(self) -> None:
        good = self.signed("user:ada", 2, "the new key")
        assert self.who(good) == "ada"
        assert self.who(good[:-1] + ("0" if good[-1] != "0" else "1")) is None
        assert self.who(self.signed("user:ada", 2, "another key")) is None
        assert self.who(self.signed("user:ada", 3, "the new key")) is None
        for nonsense in ("user:ada", "1|2|3", "2|1:0", "nonsense"):
            assert self.who(nonsense) is None

    def test_administrators_need_the_password(self) -> None:
        for password in ("", "wrong"):
            response = Browser(self).sign_in("Admin", password)
            assert (response.code, b"needs its password" in response.body) == (422, True)
        assert Browser(self).sign_in("admin", "development").code == 303

    def test_next_leads_nowhere_else(self) -> None:
        response = Browser(self).sign_in("ada", next="//example.com/")
        assert response.headers["Location"] == "/"
        assert 'name="next" value="/"' in Browser(self).text("/sign-in?next=https://example.com")
        response = Browser(self).request("/upload")
        assert response.headers["Location"] == "/sign-in?next=%2Fupload"

    def test_flashed_messages_that_are_not_ours_are_not_shown(self) -> None:
        browser = Browser(self)
        browser.cookies["flash"] = '["nonsense"]'
        assert "nonsense" not in browser.text("/")


class NoPassword(BoardTest):
    settings = Settings(admin_password="")

    def test_without_a_password_nobody_is_an_administrator(self) -> None:
        assert Browser(self).sign_in("admin", "").code == 422


@pytest.mark.parametrize("path", ["/", "/topics/help/", "/a?b=c&d=//e", "/a#b"])
def test_local_paths(path: str) -> None:
    assert LOCAL_PATH.fullmatch(path)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "a",
        "//x",
        "/\\x",
        "\\\\x",
        "/\t/x",
        "/\n/x",
        "http:x",
        "https://x",
        " /",
        "/a b",
        "/a\n",
    ],
)
def test_other_addresses(path: str) -> None:
    assert not LOCAL_PATH.fullmatch(path)
