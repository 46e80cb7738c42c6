"""The echo for Starlette, by its own class for endpoints."""

from typing import Any

from starlette.applications import Starlette
from starlette.endpoints import WebSocketEndpoint
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket


class Echo(WebSocketEndpoint):  # type: ignore[misc]  # not installed where mypy looks
    encoding = "text"

    async def on_receive(self, websocket: WebSocket, data: Any) -> None:
        await websocket.send_text(data)


app = Starlette(routes=[WebSocketRoute("/", Echo)])
