"""The room for Channels, by channels_redis."""

import asyncio
import os
from typing import Any

import django
from django.conf import settings

# More than a member may have unread by default, which is 100: what is over that is dropped.
_CONFIG = {"hosts": [os.environ["REDIS_URL"]], "capacity": 100_000}
settings.configure(
    SECRET_KEY="none",
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["channels"],
    CHANNEL_LAYERS={
        "default": {"BACKEND": "channels_redis.core.RedisChannelLayer", "CONFIG": _CONFIG}
    },
)
django.setup()

from channels.generic.websocket import AsyncWebsocketConsumer  # noqa: E402
from channels.layers import get_channel_layer  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from django.urls import re_path  # noqa: E402
from texts import text  # noqa: E402


class Room(AsyncWebsocketConsumer):  # type: ignore[misc]  # not installed where mypy looks
    async def connect(self) -> None:
        await self.channel_layer.group_add("room", self.channel_name)
        await self.accept()

    async def disconnect(self, code: int) -> None:
        await self.channel_layer.group_discard("room", self.channel_name)

    async def room_message(self, event: dict[str, Any]) -> None:
        await self.send(text_data=event["text"])


async def http(scope: dict[str, Any], receive: Any, send: Any) -> None:
    parts = scope["path"].split("/")
    if parts[1] == "publish":
        texts = (text(int(parts[2]) + each) for each in range(int(parts[3])))
        layer = get_channel_layer()
        messages = ({"type": "room.message", "text": each} for each in texts)
        await asyncio.gather(*(layer.group_send("room", each) for each in messages))
    headers = [(b"Content-Length", b"0")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b""})


application = ProtocolTypeRouter(
    {"http": http, "websocket": URLRouter([re_path("room$", Room.as_asgi())])}
)
