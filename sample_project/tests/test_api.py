"""The JSON API: what it answers and with which status, and who may write."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from tornkit.testing import Client

HOST = "api.localhost"
GOOD = {"topic": "help", "body": "Hello"}


def test_life_of_a_message(robot: Client) -> None:
    created = robot.post("/v1/messages", host=HOST, json=GOOD)
    assert created.status_code == 201
    path = created.headers["Location"]
    assert created.json() == robot.get(path, host=HOST).json()
    assert {**GOOD, "id": 1, "author": "robot"}.items() <= created.json().items()
    deleted = robot.delete(path, host=HOST)
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert robot.get(path, host=HOST).status_code == 404
    assert robot.delete(path, host=HOST).status_code == 404


def test_the_number_of_a_deleted_message_is_not_used_again(
    robot: Client, post: Callable[..., int]
) -> None:
    first = post()
    robot.delete(f"/v1/messages/{first}")
    assert post() == first + 1


def test_lists_and_links(robot: Client, post: Callable[..., int]) -> None:
    for n in range(3):
        post(str(n))
    post(topic="general")
    answer = robot.get("/v1/messages?topic=help&limit=2", host=HOST)
    assert [message["body"] for message in answer.json()["messages"]] == ["2", "1"]
    assert answer.headers.get_list("Link") == [
        '</v1/messages?topic=help&limit=2>; rel="first"',
        '</v1/messages?topic=help&limit=2&before=2>; rel="next"',
    ]
    answer = robot.get("/v1/messages?topic=help&limit=2&before=2")
    assert [message["body"] for message in answer.json()["messages"]] == ["0"]
    assert len(answer.headers.get_list("Link")) == 1
    assert len(robot.get("/v1/messages").json()["messages"]) == 4
    topics = robot.get("/v1/topics").json()["topics"]
    assert {"name": "help", "messages": 3} in topics
    assert {"name": "showcase", "messages": 0} in topics


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=101", "limit=x", "before=0", f"before={2**63}", "topic=x"]
)
def test_arguments_are_checked(client: Client, query: str) -> None:
    answer = client.get(f"/v1/messages?{query}")
    assert (answer.status_code, "error" in answer.json()) == (400, True)


def test_bodies_are_checked(robot: Client) -> None:
    for status, body in (
        (400, "{"),
        (400, "\ud800"),
        (400, "[]"),
        (422, "{}"),
        (422, json.dumps({**GOOD, "topic": "x"})),
        (422, json.dumps({**GOOD, "topic": ["help"]})),
        (422, json.dumps({**GOOD, "body": 5})),
        (422, json.dumps({**GOOD, "body": "\x00"})),
        (422, json.dumps({**GOOD, "body": "x" * 2001})),
    ):
        answer = robot.post("/v1/messages", content=body.encode("utf-8", "surrogatepass"))
        assert (answer.status_code, "error" in answer.json()) == (status, True), body


def test_writing_needs_a_token(robot: Client) -> None:
    right = robot.headers["Authorization"].partition(" ")[2]
    for wrong in ("", "Bearer", "Bearer x", f"Basic {right}"):
        answer = robot.post("/v1/messages", json=GOOD, headers={"Authorization": wrong})
        assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert robot.delete("/v1/messages/1", headers={"Authorization": wrong}).status_code == 401
    assert robot.get("/v1/messages").json() == {"messages": []}


def test_being_signed_in_on_the_site_is_no_token(signed_in: Client) -> None:
    assert signed_in.post("/v1/messages", json=GOOD).status_code == 401


def test_wrong_methods_and_paths(robot: Client) -> None:
    assert robot.put("/v1/messages", json=GOOD).status_code == 405
    for method in ("GET", "POST"):
        answer = robot.request(method, "/v1/nothing")
        assert (answer.status_code, "error" in answer.json()) == (404, True)
