"""Format in which a client wants an error: a page, JSON, or text."""

from __future__ import annotations

import enum

from tornado.httputil import HTTPServerRequest


class Form(enum.Enum):
    """Format of a response (page, JSON, text), and its ``Content-Type``."""

    PAGE = "text/html; charset=UTF-8"
    JSON = "application/json"
    TEXT = "text/plain; charset=UTF-8"


def is_navigation(request: HTTPServerRequest) -> bool:
    """Whether the request is a browser's navigation: its answer is shown as a page of its own.

    See `wanted`.
    """
    headers = request.headers
    purpose = headers.get("Sec-Fetch-Dest")
    looks = (
        purpose == "document" if purpose is not None else "text/html" in headers.get("Accept", "")
    )
    return looks and "HX-Request" not in headers and "X-Requested-With" not in headers


def wanted(request: HTTPServerRequest) -> Form | None:
    """Format of an error for a request: a page for a navigation, JSON if asked for, else text.

    None for an image, a script, and whatever else a page loads: nobody reads that.

    A browser says what an answer is for (``Sec-Fetch-Dest``). A client that accepts HTML and does
    not say so is taken for a browser, but for a library that puts what it gets into a page.
    """
    headers = request.headers
    accepted = headers.get("Accept", "")
    purpose = headers.get("Sec-Fetch-Dest")
    if purpose not in (None, "document", "empty"):
        return None
    if is_navigation(request):
        return Form.PAGE
    sent = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if "json" in accepted or sent.endswith("json"):
        return Form.JSON
    return Form.TEXT
