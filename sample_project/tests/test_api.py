"""The JSON API: what it answers and with which status, and who may write."""

from __future__ import annotations

import json
from typing import Any

from tornado.httpclient import HTTPResponse

from sample_project.settings import Settings

from .support import BEARER, BoardTest, Browser

GOOD = {"topic": "help", "author": "bob", "body": "Hello"}


def value(response: HTTPResponse) -> Any:
    assert response.headers["Content-Type"] == "application/json; charset=UTF-8"
    return json.loads(response.body)


class Api(BoardTest):
    def test_life_of_a_message(self) -> None:
        created = self.api("POST", "/v1/messages", GOOD)
        assert created.code == 201
        path = created.headers["Location"]
        assert value(created) == value(self.api("GET", path))
        assert {**GOOD, "id": 1}.items() <= value(created).items()
        deleted = self.api("DELETE", path)
        assert (deleted.code, deleted.body) == (204, b"")
        assert self.api("GET", path).code == 404
        assert self.api("DELETE", path).code == 404

    def test_the_number_of_a_deleted_message_is_not_used_again(self) -> None:
        first = self.post_message()
        self.api("DELETE", f"/v1/messages/{first}")
        assert self.post_message() == first + 1

    def test_lists_and_links(self) -> None:
        for n in range(3):
            self.post_message(body=str(n))
        self.post_message(topic="general")
        response = self.api("GET", "/v1/messages?topic=help&limit=2")
        assert [message["body"] for message in value(response)["messages"]] == ["2", "1"]
        assert response.headers.get_list("Link") == [
            '</v1/messages?topic=help&limit=2>; rel="first"',
            '</v1/messages?topic=help&limit=2&before=2>; rel="next"',
        ]
        response = self.api("GET", "/v1/messages?topic=help&limit=2&before=2")
        assert [message["body"] for message in value(response)["messages"]] == ["0"]
        assert len(response.headers.get_list("Link")) == 1
        assert len(value(self.api("GET", "/v1/messages"))["messages"]) == 4

    def test_topics(self) -> None:
        self.post_message()
        topics = value(self.api("GET", "/v1/topics"))["topics"]
        assert {"name": "help", "messages": 1} in topics
        assert {"name": "general", "messages": 0} in topics

    def test_query_arguments_are_checked(self) -> None:
        for query in ("limit=0", "limit=101", "limit=x", "before=0", f"before={2**63}", "topic=x"):
            response = self.api("GET", f"/v1/messages?{query}")
            assert response.code == 400, query
            assert "error" in value(response)

    def test_bodies_are_checked(self) -> None:
        for status, body in (
            (400, "{"),
            (400, "\ud800"),
            (422, "[]"),
            (422, "{}"),
            (422, json.dumps({**GOOD, "topic": "x"})),
            (422, json.dumps({**GOOD, "topic": ["help"]})),
            (422, json.dumps({**GOOD, "author": "no good"})),
            (422, json.dumps({**GOOD, "author": "admin"})),
            (422, json.dumps({**GOOD, "body": 5})),
            (422, json.dumps({**GOOD, "body": "\x00"})),
        ):
            response = self.fetch(
                "/v1/messages",
                method="POST",
                body=body.encode("utf-8", "surrogatepass"),
                headers={**BEARER, "Content-Type": "application/json; charset=utf-8"},
            )
            assert response.code == status, body
            assert "error" in value(response)
        headers = {"Content-Type": "text/plain"}
        assert self.api("POST", "/v1/messages", GOOD, **headers).code == 415

    def test_writing_needs_the_token(self) -> None:
        for wrong in ("", "Bearer", "Bearer x", f"Basic {BEARER['Authorization'][7:]}"):
            response = self.api("POST", "/v1/messages", GOOD, Authorization=wrong)
            assert (response.code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert self.api("DELETE", "/v1/messages/1", Authorization="").code == 401

    def test_being_signed_in_on_the_site_is_no_token(self) -> None:
        browser = Browser(self)
        browser.sign_in("ada")
        headers = {"X-XSRFToken": browser.token(), "Content-Type": "application/json"}
        assert browser.request("/v1/messages", "POST", json.dumps(GOOD), **headers).code == 401

    def test_wrong_methods_and_paths(self) -> None:
        response = self.api("PUT", "/v1/messages", GOOD)
        assert (response.code, response.headers["Allow"]) == (405, "GET, POST")
        response = self.api("POST", "/v1/messages/1", GOOD)
        assert (response.code, response.headers["Allow"]) == (405, "GET, DELETE")
        for method in ("GET", "POST"):
            response = self.api(method, "/v1/nothing", None if method == "GET" else {})
            assert (response.code, "error" in value(response)) == (404, True)


class NoToken(BoardTest):
    settings = Settings(api_token="")

    def test_without_a_token_the_api_is_for_reading(self) -> None:
        assert self.api("GET", "/v1/messages").code == 200
        for token in ("", "Bearer", "Bearer x"):
            assert self.api("POST", "/v1/messages", GOOD, Authorization=token).code == 403
