"""The echo for aiohttp: ``aiohttp_app.py PORT [--uvloop]``."""

import sys

from aiohttp import WSMsgType, web


async def echo(request: web.Request) -> web.WebSocketResponse:
    websocket = web.WebSocketResponse(compress=False)
    await websocket.prepare(request)
    async for message in websocket:
        if message.type is WSMsgType.TEXT:
            await websocket.send_str(message.data)
    return websocket


if __name__ == "__main__":
    loop = None
    if "--uvloop" in sys.argv:
        import uvloop

        loop = uvloop.new_event_loop()
    application = web.Application()
    application.add_routes([web.get("/", echo)])
    port = int(sys.argv[1])
    web.run_app(application, loop=loop, host="127.0.0.1", port=port, print=None, access_log=None)
