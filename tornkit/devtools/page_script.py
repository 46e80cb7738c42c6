"""The script that keeps a page up to date, put into whole HTML pages on their way out.

Only into what a person looks at: the answer to a navigation, which is complete, of type text/html
and not compressed, and is for this machine alone (`access`). The script's element is always the
same, so that a page keeps its etag. What the page can't tell by itself, which generation it is of,
stands in a ``Server-Timing`` header, which scripts can read.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection
from functools import lru_cache
from typing import Any

from tornado.httputil import HTTPHeaders
from tornado.web import RequestHandler

from tornkit import seams
from tornkit.devtools.access import may_see
from tornkit.devtools.form import is_navigation
from tornkit.devtools.policy import Room, with_room

FOLDER = "/__tornkit__/"
SCRIPT = f"{FOLDER}client.js"
TIMING = "tornkit"
_POLICY = "Content-Security-Policy"
_REPORTED = f"{_POLICY}-Report-Only"

_ALL_ROOM = Room("")

_log = logging.getLogger("tornkit")
_hosts: Collection[str] = ()
_generation = ""
_has_advised = False

_ATTRIBUTES = rb"""(?:[^>"']|"[^"]*"|'[^']*')*"""
# As a browser: a processing instruction and an unknown declaration are comments to it.
_SPACE = rb"(?:\s|<!--.*?-->|<\?[^>]*>|<!(?!doctype|--)[^>]*>)*+"
# What may stand before the first thing in the head; where no head is written, HTML begins one.
_BEGINNING = re.compile(
    rb"(?:\xef\xbb\xbf)?+" + _SPACE
    + rb"(?:<!doctype" + _ATTRIBUTES + rb">)?+" + _SPACE
    + rb"(?:<html(?=[\s>])" + _ATTRIBUTES + rb">)?+" + _SPACE
    + rb"(?:<head(?=[\s>])" + _ATTRIBUTES + rb">)?+",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_OWN_POLICY = re.compile(rb"<meta[^<>]+content-security-policy(?!-report)", re.IGNORECASE)
_DOCTYPE = re.compile(rb"<!doctype", re.IGNORECASE)
_MOST_BEGINNING = 65536  # bytes
_HEAD = 8192  # bytes in which a policy of the page's own is looked for
_HOST = re.compile(r"[\w.:\[\]-]+", re.ASCII)
_CHARSET = re.compile(r"charset=[\"']?(?!utf-8|us-ascii|iso-8859-|windows-125)", re.IGNORECASE)


def use(generation: str, hosts: Collection[str] = ()) -> None:
    """Put the script into pages from now on; they are of this generation."""
    global _generation, _hosts
    _generation, _hosts = generation, hosts


def edit(handler: RequestHandler, chunk: Any) -> Any:
    """Put the script into the page that ``finish(chunk)`` would send; return the chunk to send.

    That is None where all of it has been written by now, and ``chunk`` where it is no page.
    """
    request = handler.request
    if isinstance(chunk, dict) or request.method != "GET" or not is_navigation(request):
        return chunk
    pending = seams.pending_response(handler)
    if (
        pending is None
        or not pending.headers.get("Content-Type", "").startswith("text/html")
        or not may_see(request, _hosts)
    ):
        return chunk
    if handler.get_status() == 304:
        _note_generation(handler)  # the page that the browser has is of this one
        return chunk
    if not _is_whole_page(handler.get_status(), pending.headers):
        return chunk
    if chunk is not None:
        handler.write(chunk)
    body = b"".join(pending.pieces)
    try:
        body = _with_script(handler, pending.headers, body)
    except Exception:  # noqa: BLE001 - the page goes first, whatever its headers are made of
        _log.debug("%s gets no script", request.path, exc_info=True)
    pending.pieces[:] = [body]
    return None


def _is_whole_page(status: int, headers: HTTPHeaders) -> bool:
    """Whether an answer is complete, not compressed, and to be shown, not downloaded."""
    return (
        status not in (204, 206)
        and status >= 200
        and "Content-Encoding" not in headers
        and "Content-Length" not in headers
        and not (
            "Content-Disposition" in headers
            and headers["Content-Disposition"].lower().startswith("attachment")
        )
        and _is_like_ascii(headers["Content-Type"])
    )


@lru_cache(maxsize=64)
def _is_like_ascii(kind: str) -> bool:
    """Whether the charset of a ``Content-Type`` writes ASCII characters as ASCII bytes."""
    return _CHARSET.search(kind) is None


def _with_script(handler: RequestHandler, headers: HTTPHeaders, body: bytes) -> bytes:
    place = _place(body)
    if place is None:
        return body
    room = None
    if _OWN_POLICY.search(body, 0, _HEAD) is None:
        room = _room(handler, headers, _POLICY)
    if room is None:
        _advise(handler)
        return body
    if room.policy:
        handler.set_header(_POLICY, room.policy)
    reported = _room(handler, headers, _REPORTED)
    if reported is not None and reported.policy and reported.nonce in ("", room.nonce):
        handler.set_header(_REPORTED, reported.policy)
    _note_generation(handler)
    nonce = f' nonce="{room.nonce}"' if room.nonce else ""
    element = f'<script src="{SCRIPT}"{nonce} async></script>'.encode()
    return body[:place] + element + body[place:]


def _note_generation(handler: RequestHandler) -> None:
    handler.add_header("Server-Timing", f'{TIMING};desc="{_generation}"')


def _place(body: bytes) -> int | None:
    """Index in a page at which the script goes; None where it would change the page."""
    if body[:2] in (b"\xff\xfe", b"\xfe\xff") or body.find(b"\0", 0, 1024) >= 0:
        return None  # UTF-16, which no header has told of
    match = _BEGINNING.match(body, 0, _MOST_BEGINNING)
    place = match.end() if match is not None else 0
    # In front of a doctype it would change how the page is laid out.
    return None if _DOCTYPE.search(body, place, place + 1024) else place


def _room(handler: RequestHandler, headers: HTTPHeaders, name: str) -> Room | None:
    """The page's policies of this header, extended for the script; None where they can't be."""
    if name not in headers:
        return _ALL_ROOM
    policies = headers.get_list(name)
    request = handler.request
    if _HOST.fullmatch(request.host) is None:
        return None
    origin = f"{request.protocol}://{request.host}"
    room = with_room(", ".join(policies), f"{origin}{SCRIPT}", f"{origin}{FOLDER}")
    if room is None or re.fullmatch(r"[\w+/=-]*", room.nonce) is None:
        return None
    return room


def _advise(handler: RequestHandler) -> None:
    global _has_advised  # noqa: PLW0603
    if not _has_advised:
        _has_advised = True
        _log.info(
            "%s is not refreshed by itself: its Content-Security-Policy has no room for a script; "
            "with a nonce for scripts, or without 'strict-dynamic', it would be",
            handler.request.path,
        )
