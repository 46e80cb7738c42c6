"""Topics: pages, posting, older messages, slashes, the feed, and the page of checks."""

from __future__ import annotations

from collections.abc import Callable

from tornkit.testing import Client

Post = Callable[..., int]


def test_the_home_page_leads_to_the_topics(client: Client) -> None:
    page = client.get("/").text
    for topic in ("general", "help", "showcase"):
        assert f'<a href="/topics/{topic}/">{topic}</a>' in page


def test_a_message_is_posted_and_shown(signed_in: Client) -> None:
    page = signed_in.post("/topics/help/", data={"body": "Is <this> safe?\r\nYes"})
    assert page.url.path == "/topics/help/"
    assert "Is &lt;this&gt; safe?\nYes" in page.text
    assert "Your message has been posted." in page.text
    assert "Your message has been posted." not in signed_in.get("/topics/help/").text
    assert "Is &lt;this&gt;" not in signed_in.get("/topics/general/").text


def test_flashed_messages_add_up_until_they_are_shown(signed_in: Client) -> None:
    for body in ("one", "two"):
        signed_in.post("/topics/help/", data={"body": body}, follow_redirects=False)
    assert signed_in.get("/").text.count("Your message has been posted.") == 2
    assert "Your message has been posted." not in signed_in.get("/").text


def test_a_message_that_is_no_good_comes_back_with_its_text(signed_in: Client) -> None:
    page = signed_in.post("/topics/help/", data={"body": "<" + "x" * 2000})
    assert page.status_code == 422
    assert "longer than 2000" in page.text
    assert "&lt;xxx" in page.text
    page = signed_in.post("/topics/help/", data={"body": " \x07 "})
    assert (page.status_code, "is empty" in page.text) == (422, True)


def test_who_may_post(client: Client, signed_in: Client) -> None:
    stranger = client.new()
    assert stranger.post("/topics/help/", data={"body": "Who am I?"}).status_code == 403
    assert "to write something" in stranger.get("/topics/help/").text
    forged = signed_in.post("/topics/help/", data={"body": "Forged"}, xsrf=False)
    assert forged.status_code == 403
    assert "Nothing has been written yet." in signed_in.get("/topics/help/").text


def test_a_message_has_a_page(client: Client, post: Post) -> None:
    number = post("See http://example.com/ & more <b>")
    page = client.get(f"/messages/{number}").text
    assert '<a href="http://example.com/" rel="nofollow ugc">' in page
    assert "&amp; more &lt;b&gt;" in page
    assert client.get("/messages/99").status_code == 404
    assert client.get("/messages/999999999999999999").status_code == 404


def test_older_messages_are_on_further_pages(client: Client, post: Post) -> None:
    numbers = [post(f"Number <{n}>") for n in range(21)]
    first = client.get("/topics/help/").text
    assert "Number &lt;20&gt;" in first
    assert "Number &lt;0&gt;" not in first
    assert f"/topics/help/?before={numbers[1]}" in first
    second = client.get(f"/topics/help/?before={numbers[1]}").text
    assert "Number &lt;0&gt;" in second
    assert "Older messages" not in second
    for before in ("x", "²", "9" * 20):
        assert client.get("/topics/help/", params={"before": before}).status_code == 400
    assert client.get("/topics/help/?before=9999999999999999999").status_code == 200


def test_slashes_are_added_and_removed(signed_in: Client) -> None:
    added = signed_in.get("/topics/help?before=5", follow_redirects=False)
    assert (added.status_code, added.headers["Location"]) == (301, "/topics/help/?before=5")
    removed = signed_in.get("/about/", follow_redirects=False)
    assert (removed.status_code, removed.headers["Location"]) == (301, "/about")
    assert "admin.localhost" in signed_in.get("/about").text
    # A form is never sent there.
    assert signed_in.post("/topics/help", data={"body": "Lost"}).status_code == 404


def test_what_is_no_topic_is_not_found(client: Client) -> None:
    for path in ("", "feed.atom", "live", "poll", "socket"):
        assert client.get(f"/topics/unknown/{path}").status_code == 404


def test_the_feed(client: Client, post: Post) -> None:
    assert "1970-01-01" in client.get("/topics/help/feed.atom").text
    number = post("5 < 6 & ]]>")
    post("Elsewhere", topic="general")
    answer = client.get("/topics/help/feed.atom", host="elsewhere.example")
    assert answer.headers["Content-Type"] == "application/atom+xml; charset=utf-8"
    assert answer.text.startswith("<?xml")
    assert "5 &lt; 6 &amp; ]]&gt;" in answer.text
    assert f"<id>http://127.0.0.1:8888/messages/{number}</id>" in answer.text
    assert "Elsewhere" not in answer.text


def test_the_page_of_checks(client: Client) -> None:
    client.application.settings["site_url"] = client.url
    page = client.get("/status")
    assert (page.status_code, page.text.count("<td>fine")) == (200, 2)
    client.application.settings["site_url"] = "http://127.0.0.1:1"  # where nobody listens
    page = client.get("/status")
    assert (page.status_code, page.text.count(">failing<")) == (503, 2)
