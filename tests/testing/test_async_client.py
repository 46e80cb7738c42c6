"""The awaited client: in loops of asyncio's and trio's, and in several, one after another."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx2
import pytest
import trio

from tornkit.testing.async_client import AsyncClient
from tornkit.testing.client import Client

Run = Callable[[Callable[[], Coroutine[Any, Any, None]]], None]


def in_asyncio(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(main())


def in_trio(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    trio.run(main)


@pytest.fixture(params=[in_asyncio, in_trio])
def run(request: pytest.FixtureRequest) -> Run:
    found: Run = request.param
    return found


@pytest.mark.parametrize("name", ["get", "options", "post", "put", "patch", "delete"])
def test_each_method_has_its_name(aclient: AsyncClient, run: Run, name: str) -> None:
    async def main() -> None:
        method: Callable[..., Awaitable[httpx2.Response]] = getattr(aclient, name)
        assert (await method("/mirror")).json()["method"] == name.upper()

    run(main)


def test_head(aclient: AsyncClient, run: Run) -> None:
    async def main() -> None:
        assert (await aclient.head("/mirror")).headers["X-Method"] == "HEAD"

    run(main)


def test_forms_json_files_and_cookies(aclient: AsyncClient, run: Run) -> None:
    async def main() -> None:
        response = await aclient.post("/form", data={"name": "bob"}, follow_redirects=True)
        assert response.text == "hello bob"
        assert (await aclient.post("/mirror", json=[1])).json()["body"] == "[1]"
        files = {"a": ("a.txt", b"content")}
        seen = (await aclient.put("/mirror", files=files)).json()
        assert seen["files"] == {"a": [["a.txt", "content"]]}
        assert (await aclient.post("/", xsrf=False)).status_code == 403

    run(main)


def test_streams_are_read_as_they_come(aclient: AsyncClient, run: Run) -> None:
    async def main() -> None:
        async with aclient.stream("GET", "/ticks") as response:
            lines = response.aiter_lines()
            assert await anext(lines) == "1"
            assert (await aclient.post("/go-on")).status_code == 200
            assert [each async for each in lines] == ["2"]

    run(main)


def test_websockets(aclient: AsyncClient, run: Run) -> None:
    async def main() -> None:
        async with aclient.websocket("/chat") as ws:
            assert (await ws.receive_json())["user"] is None
            await ws.send("hello")
            assert await ws.receive() == "hello"
            await ws.send_json({"a": 1})
            assert await ws.receive_json() == {"a": 1}
            await ws.send(b"\0")
            assert await ws.receive() == b"\0"
            with pytest.raises(TimeoutError, match=r"in 0\.05 s"):
                await ws.receive(timeout=0.05)
            await ws.send("bye")
            assert [each async for each in ws] == []
            assert (ws.closed, ws.close_code, ws.close_reason) == (True, 4001, "as you said")

    run(main)


def test_several_loops_may_use_it(aclient: AsyncClient) -> None:
    async def main() -> None:
        assert (await aclient.get("/")).status_code == 200

    for _ in range(2):
        in_asyncio(main)
        in_trio(main)


def test_requests_run_side_by_side(aclient: AsyncClient) -> None:
    async def main() -> None:
        async with aclient.stream("GET", "/ticks"):
            answers = await asyncio.gather(*(aclient.get("/") for _ in range(20)))
            assert {each.text for each in answers} == {"hello stranger"}
            await aclient.post("/go-on")

    in_asyncio(main)


def test_it_is_the_visitor_that_the_other_client_is(aclient: AsyncClient, client: Client) -> None:
    client.sign_in("alice")

    async def main() -> None:
        assert (await aclient.get("/")).text == "hello alice"
        await aclient.post("/sign-out")
        other = aclient.new()
        other.sign_in("bob")
        assert (await other.get("/")).text == "hello bob"

    in_asyncio(main)
    assert client.get("/").text == "hello stranger"
