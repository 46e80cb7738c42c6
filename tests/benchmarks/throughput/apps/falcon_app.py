"""Falcon, on ASGI."""

from pathlib import Path

import falcon
import falcon.asgi
from content import GREETING


class Home:
    async def on_get(self, request, response):
        response.content_type = falcon.MEDIA_HTML
        response.text = GREETING


class Record:
    async def on_get(self, request, response, number):
        response.media = {"id": number, "verbose": request.get_param("verbose", required=True)}


class Upload:
    async def on_post(self, request, response):
        response.content_type = falcon.MEDIA_HTML
        response.text = str(len(await request.stream.read()))


app = falcon.asgi.App()
app.add_route("/", Home())
app.add_route("/records/{number:int}", Record())
app.add_route("/upload", Upload())
app.add_static_route("/static", Path("static").absolute())
