"""A reader's way through the pages: signing in, posting, messages that are shown once, errors."""

from __future__ import annotations

from urllib.parse import urlencode

from .support import BoardTest, Browser


class Pages(BoardTest):
    def test_home_page_of_an_empty_board(self) -> None:
        response = self.fetch("/")
        page = response.body.decode()
        assert response.code == 200
        assert response.headers["Content-Type"] == "text/html; charset=UTF-8"
        assert "Nothing has been written yet" in page
        assert '<a href="/topics/showcase/">' in page
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]

    def test_home_page_shows_messages_and_counts(self) -> None:
        self.post_message(body="The first")
        page = self.fetch("/").body.decode()
        assert "The first" in page
        assert "1 message<" in page
        assert "Nothing has been written yet" not in page

    def test_a_message_has_a_page(self) -> None:
        number = self.post_message(body="See http://example.com/ & more <b>")
        page = self.fetch(f"/messages/{number}").body.decode()
        assert '<a href="http://example.com/" rel="nofollow ugc">' in page
        assert "&amp; more &lt;b&gt;" in page
        assert self.fetch("/messages/99").code == 404

    def test_older_messages_are_on_further_pages(self) -> None:
        numbers = [self.post_message(body=f"Number <{n}>") for n in range(21)]
        first = self.fetch("/topics/help/").body.decode()
        assert "Number &lt;20&gt;" in first
        assert "Number &lt;0&gt;" not in first
        assert f"/topics/help/?before={numbers[1]}" in first
        second = self.fetch(f"/topics/help/?before={numbers[1]}").body.decode()
        assert "Number &lt;0&gt;" in second
        assert "Older messages" not in second
        assert self.fetch("/topics/help/?before=x").code == 400

    def test_slashes_are_added_and_removed(self) -> None:
        browser = Browser(self)
        added = browser.request("/topics/help?before=5")
        assert (added.code, added.headers["Location"]) == (301, "/topics/help/?before=5")
        removed = browser.request("/about/")
        assert (removed.code, removed.headers["Location"]) == (301, "/about")
        assert "api.localhost" in browser.text("/about")

    def test_what_is_not_there_gets_the_boards_own_page(self) -> None:
        for path in ("/nothing", "/topics/unknown/", "/messages/abc"):
            response = self.fetch(path)
            assert response.code == 404
            assert b"Back to the board" in response.body
        assert self.fetch("/nothing", method="POST", body="").code == 404

    def test_a_wrong_method_is_told_the_right_ones(self) -> None:
        response = self.fetch("/", method="DELETE", headers={"Cookie": "_xsrf=1"})
        assert response.code == 403  # XSRF is checked before anything else
        response = self.fetch("/sign-out")
        assert (response.code, response.headers["Allow"]) == (405, "POST")
        response = self.fetch("/about", method="HEAD")
        assert (response.code, response.headers["Allow"]) == (405, "GET")


class Posting(BoardTest):
    def test_sign_in_and_post(self) -> None:
        browser = Browser(self)
        assert "to write something" in browser.text("/topics/help/")

        response = browser.sign_in("Ada", next="/topics/help/")
        assert (response.code, response.headers["Location"]) == (303, "/topics/help/")
        assert "Welcome, ada." in browser.text("/topics/help/")

        response = browser.form("/topics/help/", "/topics/help/", body="Is <this> safe?\r\nYes")
        assert (response.code, response.headers["Location"]) == (303, "/topics/help/")
        page = browser.text("/topics/help/")
        assert "Is &lt;this&gt; safe?\nYes" in page
        assert "Your message has been posted." in page
        assert "Your message has been posted." not in browser.text("/topics/help/")

    def test_flashed_messages_add_up_until_they_are_shown(self) -> None:
        browser = Browser(self)
        browser.sign_in("ada")
        token = browser.token()  # shows the welcome
        for body in ("one", "two"):
            browser.request("/topics/help/", "POST", urlencode({"_xsrf": token, "body": body}))
        assert browser.text("/").count("Your message has been posted.") == 2
        assert "Your message has been posted." not in browser.text("/")

    def test_the_token_is_accepted_in_the_header_too(self) -> None:
        browser = Browser(self)
        browser.sign_in("ada")
        headers = {"X-XSRFToken": browser.token()}
        response = browser.request("/topics/help/", "POST", "body=By+header", **headers)
        assert response.code == 303
        assert "By header" in browser.text("/topics/help/")

    def test_no_token_no_message(self) -> None:
        browser = Browser(self)
        browser.sign_in("ada")
        assert browser.request("/topics/help/", "POST", "body=Forged").code == 403
        headers = {"X-XSRFToken": "made up"}
        assert browser.request("/topics/help/", "POST", "body=Forged", **headers).code == 403
        assert "Forged" not in browser.text("/topics/help/")

    def test_posting_needs_a_signed_in_reader(self) -> None:
        assert Browser(self).form("/sign-in", "/topics/help/", body="Who am I?").code == 403

    def test_a_message_that_is_no_good_comes_back_with_its_text(self) -> None:
        browser = Browser(self)
        browser.sign_in("ada")
        long = "<" + "x" * 2000
        response = browser.form("/topics/help/", "/topics/help/", body=long)
        assert response.code == 422
        assert b"longer than 2000" in response.body
        assert b"&lt;xxx" in response.body
        response = browser.form("/topics/help/", "/topics/help/", body=" \x07 ")
        assert (response.code, b"is empty" in response.body) == (422, True)

    def test_a_post_to_the_address_without_slash_is_no_post(self) -> None:
        browser = Browser(self)
        browser.sign_in("ada")
        assert browser.form("/topics/help/", "/topics/help", body="Lost").code == 404


class Feed(BoardTest):
    def test_feed(self) -> None:
        assert b"1970-01-01" in self.fetch("/topics/help/feed.atom").body
        number = self.post_message(body="5 < 6 & ]]>")
        self.post_message(topic="general", body="Elsewhere")
        response = self.fetch("/topics/help/feed.atom", headers={"Host": "board.example"})
        text = response.body.decode()
        assert response.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        assert text.startswith("<?xml")
        assert "5 &lt; 6 &amp; ]]&gt;" in text
        assert f"<id>http://board.example/messages/{number}</id>" in text
        assert "Elsewhere" not in text
