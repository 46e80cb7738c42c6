"""aiohttp with uvloop: python aiohttp_app.py PORT"""

import sys

import pages
import tokens
import uvloop
from aiohttp import web
from content import GREETING


def html(text, status=200):
    return web.Response(text=text, content_type="text/html", status=status)


async def home(request):
    return html(GREETING)


async def record(request):
    return web.json_response(
        {"id": int(request.match_info["number"]), "verbose": request.query["verbose"]}
    )


async def show_form(request):
    token = tokens.new_token()
    response = html(tokens.form(token))
    response.set_cookie("_xsrf", token)
    return response


async def take_form(request):
    form = await request.post()
    if not tokens.is_allowed(request.cookies.get("_xsrf"), form.get("_xsrf")):
        return html("Forbidden", 403)
    return html(f"Thanks, {form['name']}")


async def login(request):
    response = html("")
    response.set_cookie("user", tokens.user_cookie())
    return response


async def page(request):
    user = tokens.signed_in_user(request.cookies.get("user"))
    if user is None:
        return html("Forbidden", 403)
    return html(pages.page(user))


async def upload(request):
    return html(str(len(await request.read())))


def make_app():
    app = web.Application()
    app.add_routes(
        [
            web.get("/", home),
            web.get("/records/{number:[0-9]+}", record),
            web.get("/form", show_form),
            web.post("/form", take_form),
            web.get("/login", login),
            web.get("/page", page),
            web.post("/upload", upload),
            web.static("/static", "static"),
        ]
    )
    return app


if __name__ == "__main__":
    loop = uvloop.new_event_loop()
    web.run_app(
        make_app(), host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None, loop=loop
    )
