"""The chat of docs/bus.md, as it stands there."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tornado.websocket import websocket_connect

if TYPE_CHECKING:
    from tests.integration.serve import Serve

PAGE = Path(__file__).parents[2] / "docs" / "bus.md"


def test_the_chat_works_with_four_workers(serve: Serve) -> None:
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    server = serve({"chat.py": found[1]}, "chat.py", "--workers", "4")
    assert "<form>" in server.get("/").text
    url = f"{server.url.replace('http', 'ws')}/chat"

    async def main() -> None:
        clients = [await websocket_connect(f"{url}?since=") for _ in range(12)]
        for client in clients:
            assert json.loads(await client.read_message() or "")["event"] == "gap"
        await clients[0].write_message('{"text": "hello"}')
        positions = []
        for client in clients:
            message = json.loads(await client.read_message() or "")
            assert message["data"] == {"text": "hello"}
            positions.append(message["position"])
        assert len(set(positions)) == 1
        clients[5].close()
        await clients[1].write_message('{"text": "you there?"}')
        assert json.loads(await clients[1].read_message() or "")["data"] == {"text": "you there?"}
        back = await websocket_connect(f"{url}?since={positions[0]}")
        assert json.loads(await back.read_message() or "")["data"] == {"text": "you there?"}
        new = await websocket_connect(f"{url}?since=")
        heard = [json.loads(await new.read_message() or "") for _ in range(3)]
        assert [each["event"] for each in heard] == ["gap", "message", "message"]
        for client in (*clients, back, new):
            client.close()

    asyncio.run(asyncio.wait_for(main(), 20))
