"""Starlette."""

import pages
import tokens
from content import GREETING
from starlette.applications import Starlette
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles


async def home(request):
    return HTMLResponse(GREETING)


async def record(request):
    return JSONResponse(
        {"id": request.path_params["number"], "verbose": request.query_params["verbose"]}
    )


async def show_form(request):
    token = tokens.new_token()
    response = HTMLResponse(tokens.form(token))
    response.set_cookie("_xsrf", token)
    return response


async def take_form(request):
    async with request.form() as form:
        if not tokens.is_allowed(request.cookies.get("_xsrf"), form.get("_xsrf")):
            return HTMLResponse("Forbidden", 403)
        return HTMLResponse(f"Thanks, {form['name']}")


async def login(request):
    response = HTMLResponse()
    response.set_cookie("user", tokens.user_cookie())
    return response


async def page(request):
    user = tokens.signed_in_user(request.cookies.get("user"))
    if user is None:
        return HTMLResponse("Forbidden", 403)
    return HTMLResponse(pages.page(user))


async def upload(request):
    return HTMLResponse(str(len(await request.body())))


app = Starlette(
    routes=[
        Route("/", home),
        Route("/records/{number:int}", record),
        Route("/form", show_form),
        Route("/form", take_form, methods=["POST"]),
        Route("/login", login),
        Route("/page", page),
        Route("/upload", upload, methods=["POST"]),
        Mount("/static", StaticFiles(directory="static")),
    ]
)
