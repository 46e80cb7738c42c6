"""The application that answers while the user's own can't be started.

It says nothing of the failure: the page hears of that as each page does, and whoever is not at this
machine learns no more than that there is nothing yet.
"""

from __future__ import annotations

from tornado.web import Application, RequestHandler

from tornkit.devtools.form import Form, wanted

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Nothing is served yet</title>
</head>
<body>
<p>Nothing is served yet: the application could not be started, as the terminal says.</p>
</body>
</html>
"""
_TEXT = "nothing is served yet: the application could not be started, as its terminal says\n"


class _Nothing(RequestHandler):
    """Request handler that answers 503 to everything."""

    def prepare(self) -> None:
        self.set_status(503)
        self.set_header("Cache-Control", "no-store")
        if wanted(self.request) is Form.PAGE:
            self.finish(_PAGE)
        else:
            self.set_header("Content-Type", Form.TEXT.value)
            self.finish(_TEXT)

    def check_xsrf_cookie(self) -> None:
        return


def application() -> Application:
    """An application that answers 503 to everything."""
    return Application([(".*", _Nothing)], log_function=lambda handler: None)
