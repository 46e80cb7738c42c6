"""The room for Starlette, by broadcaster and Redis."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from broadcaster import Broadcast
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from texts import text

broadcast = Broadcast(os.environ["REDIS_URL"])


@asynccontextmanager
async def connected(app: Starlette) -> AsyncIterator[None]:
    await broadcast.connect()
    yield
    await broadcast.disconnect()


async def page(request: Request) -> PlainTextResponse:
    return PlainTextResponse("here")


async def publish(request: Request) -> PlainTextResponse:
    first, count = request.path_params["first"], request.path_params["count"]
    texts = (text(first + each) for each in range(count))
    await asyncio.gather(*(broadcast.publish("room", each) for each in texts))
    return PlainTextResponse("")


async def room(websocket: WebSocket) -> None:
    await websocket.accept()
    async with broadcast.subscribe("room") as events:
        async for event in events:
            await websocket.send_text(event.message)


app = Starlette(
    routes=[
        Route("/", page),
        Route("/publish/{first:int}/{count:int}", publish),
        WebSocketRoute("/room", room),
    ],
    lifespan=connected,
)
