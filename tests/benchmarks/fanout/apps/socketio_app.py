"""The room for python-socketio, by its manager for Redis."""

import asyncio
import os
from typing import Any

import socketio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from texts import text

manager = socketio.AsyncRedisManager(os.environ["REDIS_URL"])
# Pings would come between the messages.
server = socketio.AsyncServer(
    async_mode="asgi", client_manager=manager, cors_allowed_origins="*", ping_interval=3600
)


@server.event  # type: ignore[untyped-decorator]  # not installed where mypy looks
async def connect(sid: str, environ: dict[str, Any]) -> None:
    await server.enter_room(sid, "room")


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


async def publish(request: Request) -> PlainTextResponse:
    first, count = request.path_params["first"], request.path_params["count"]
    texts = (text(first + each) for each in range(count))
    await asyncio.gather(*(server.emit("message", each, room="room") for each in texts))
    return PlainTextResponse("")


routes = [Route("/", page), Route("/publish/{first:int}/{count:int}", publish)]
app = socketio.ASGIApp(server, Starlette(routes=routes))
