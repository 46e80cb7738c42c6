"""Notes: pages and forms."""

from __future__ import annotations

import asyncio

from tornkit.testing import Client

from board.sessions import add_user
from board.settings import Settings
from board.store import Store


def test_a_note_is_posted_and_shown(signed_in: Client) -> None:
    page = signed_in.post("/notes", data={"text": "<b>Hello</b>"})
    assert page.status_code == 200
    assert "Your note is there." in page.text
    assert "&lt;b&gt;Hello&lt;/b&gt;" in page.text
    assert "Your note is there." not in signed_in.get("/").text, "it is said once"


def test_an_empty_note_is_refused(signed_in: Client) -> None:
    page = signed_in.post("/notes", data={"text": "  "})
    assert page.status_code == 422
    assert "1 to 2000 characters" in page.text


def test_a_note_is_deleted_by_its_author_alone(signed_in: Client, settings: Settings) -> None:
    signed_in.post("/notes", data={"text": "Hello"})
    asyncio.run(add_user(Store(settings.database_url), "bob", "a password of bob's"))
    signed_in.post("/sign-in", data={"name": "bob", "password": "a password of bob's"})
    assert signed_in.post("/notes/1/delete").status_code == 404
    signed_in.post("/sign-in", data={"name": "ada", "password": "correct horse battery"})
    page = signed_in.post("/notes/1/delete")
    assert "The note is gone." in page.text
    assert "There are no notes yet." in page.text


def test_nobody_writes_without_signing_in(client: Client) -> None:
    assert client.post("/notes", data={"text": "Hello"}).status_code == 403
    assert "There are no notes yet." in client.get("/").text


def test_a_form_without_its_token_is_refused(signed_in: Client) -> None:
    answer = signed_in.post("/notes", data={"text": "Hello"}, xsrf=False)
    assert answer.status_code == 403
