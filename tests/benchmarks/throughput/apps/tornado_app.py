"""Tornado's application, as anybody would write it; for `tornkit serve`, and a program by itself.

python tornado_app.py PORT [--uvloop] [--tornkit]
"""

import asyncio
import sys

from content import GREETING, ITEMS, SECRET, USER
from tornado.web import Application, RequestHandler, authenticated


class Home(RequestHandler):
    def get(self):
        self.write(GREETING)


class Record(RequestHandler):
    def get(self, number):
        self.write({"id": int(number), "verbose": self.get_argument("verbose")})


class Form(RequestHandler):
    def get(self):
        self.write(self.xsrf_form_html())

    def post(self):
        self.write(f"Thanks, {self.get_body_argument('name')}")


class Login(RequestHandler):
    def get(self):
        self.set_signed_cookie("user", USER)


class Page(RequestHandler):
    def get_current_user(self):
        user = self.get_signed_cookie("user")
        return user.decode() if user else None

    @authenticated
    def get(self):
        self.render("tornado.html", title="Items", user=self.current_user, items=ITEMS)


class Upload(RequestHandler):
    def check_xsrf_cookie(self):
        """Not a form: nothing to check."""

    def post(self):
        self.write(str(len(self.request.body)))


def make_app():
    return Application(
        [
            ("/", Home),
            ("/records/([0-9]+)", Record),
            ("/form", Form),
            ("/login", Login),
            ("/page", Page),
            ("/upload", Upload),
        ],
        cookie_secret=SECRET,
        login_url="/login",
        xsrf_cookies=True,
        template_path="templates",
        # As Jinja treats it, so that all answer with the same bytes.
        template_whitespace="all",
        static_path="static",
    )


async def main(port, *options):
    if "--tornkit" in options:
        from tornkit.engine.server import HTTPServer
    else:
        from tornado.httpserver import HTTPServer
    HTTPServer(make_app()).listen(int(port), "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    run = asyncio.run
    if "--uvloop" in sys.argv:
        from uvloop import run
    run(main(*sys.argv[1:]))
