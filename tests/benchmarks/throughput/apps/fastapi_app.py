"""FastAPI."""

from typing import Annotated

import pages
import tokens
from content import GREETING
from fastapi import Cookie, FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

app = FastAPI()


class Record(BaseModel):
    id: int
    verbose: str


@app.get("/")
async def home():
    return HTMLResponse(GREETING)


# The return type lets FastAPI write the JSON by pydantic-core, which is its fastest way.
@app.get("/records/{number}")
async def record(number: int, verbose: str) -> Record:
    return Record(id=number, verbose=verbose)


@app.get("/form")
async def show_form():
    token = tokens.new_token()
    response = HTMLResponse(tokens.form(token))
    response.set_cookie("_xsrf", token)
    return response


@app.post("/form")
async def take_form(
    name: Annotated[str, Form()],
    field: Annotated[str | None, Form(alias="_xsrf")] = None,
    cookie: Annotated[str | None, Cookie(alias="_xsrf")] = None,
):
    if not tokens.is_allowed(cookie, field):
        raise HTTPException(403)
    return HTMLResponse(f"Thanks, {name}")


@app.get("/login")
async def login():
    response = HTMLResponse()
    response.set_cookie("user", tokens.user_cookie())
    return response


@app.get("/page")
async def page(cookie: Annotated[str | None, Cookie(alias="user")] = None):
    user = tokens.signed_in_user(cookie)
    if user is None:
        raise HTTPException(403)
    return HTMLResponse(pages.page(user))


@app.post("/upload")
async def upload(request: Request):
    return HTMLResponse(str(len(await request.body())))


app.mount("/static", StaticFiles(directory="static"))
