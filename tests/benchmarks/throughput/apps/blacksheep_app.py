"""BlackSheep."""

import pages
import tokens
from blacksheep import Application, Cookie, get, post
from blacksheep.server.responses import html, json, status_code
from content import GREETING

app = Application()


@get("/")
async def home():
    return html(GREETING)


@get("/records/{number}")
async def record(number: int, verbose: str):
    return json({"id": number, "verbose": verbose})


@get("/form")
async def show_form():
    token = tokens.new_token()
    response = html(tokens.form(token))
    response.set_cookie(Cookie("_xsrf", token))
    return response


@post("/form")
async def take_form(request):
    form = await request.form()
    if not tokens.is_allowed(request.cookies.get("_xsrf"), form.get("_xsrf")):
        return status_code(403)
    return html(f"Thanks, {form['name']}")


@get("/login")
async def login():
    response = html("")
    response.set_cookie(Cookie("user", tokens.user_cookie()))
    return response


@get("/page")
async def page(request):
    user = tokens.signed_in_user(request.cookies.get("user"))
    if user is None:
        return status_code(403)
    return html(pages.page(user))


@post("/upload")
async def upload(request):
    return html(str(len(await request.read())))


app.serve_files("static", root_path="static")
