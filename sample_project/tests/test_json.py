"""JsonHandler: JSON in, JSON out, errors too."""

from __future__ import annotations

import pytest
from tornado.web import Application, HTTPError, authenticated
from tornkit.testing import Client

from board.handlers.base import JsonHandler


class EchoHandler(JsonHandler):
    def post(self) -> None:
        self.write(self.body())

    @authenticated
    def get(self) -> None:
        self.write({"name": self.signed_in_user.name})

    def put(self) -> None:
        raise HTTPError(409, "100% of the seats are taken")


@pytest.fixture
def tornkit_app(tornkit_app: Application) -> Application:
    tornkit_app.add_handlers(".*", [(r"/echo", EchoHandler)])
    return tornkit_app


def test_an_object_comes_and_goes(client: Client) -> None:
    assert client.post("/echo", json={"text": "Hello"}).json() == {"text": "Hello"}


@pytest.mark.parametrize("body", ["", "{", "[]", '"text"'])
def test_what_is_no_object_is_told(client: Client, body: str) -> None:
    answer = client.post("/echo", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("the body is no JSON")


def test_errors_are_json(client: Client) -> None:
    assert client.get("/echo").status_code == 401
    assert client.get("/echo").json() == {"error": "Unauthorized"}
    refused = client.post("/echo", json={}, xsrf=False)
    assert (refused.status_code, "error" in refused.json()) == (403, True)
    assert client.put("/echo").json() == {"error": "100% of the seats are taken"}


def test_a_user_is_known(signed_in: Client) -> None:
    assert signed_in.get("/echo").json() == {"name": "ada"}
