"""Routes: each URL, and what it leads to.

Every route has a name: link to it with reverse_url("home"), in handlers and templates alike.
`tornkit routes` lists them, `tornkit routes --check` finds dead and broken ones.
"""

from __future__ import annotations

from tornado.routing import PathMatches, Rule, RuleRouter
from tornado.web import url

from board.handlers import chat, feed, plain, status, topics, upload
from board.handlers.health import HealthHandler, ReadinessHandler
from board.handlers.notes import DeleteNoteHandler, HomeHandler, NotesHandler
from board.handlers.signing_in import SignInHandler, SignOutHandler
from board.messages import TOPICS

# Groups that are not named reach a method by position, named ones by name. What is no topic
# matches no route: it is 404 before any handler runs.
TOPIC = "|".join(TOPICS)
NUMBER = "[0-9]{1,18}"  # what fits into the 64 bits of SQLite's integers
FILE = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}"

ROUTES = [
    url(r"/", HomeHandler, name="home"),
    url(r"/notes", NotesHandler, name="notes"),
    url(r"/notes/([0-9]{1,9})/delete", DeleteNoteHandler, name="delete-note"),
    url(r"/sign-in", SignInHandler, name="sign-in"),
    url(r"/sign-out", SignOutHandler, name="sign-out"),
    url(r"/healthz", HealthHandler, name="health"),
    url(r"/readyz", ReadinessHandler, name="readiness"),
    # What the showcase adds. A dictionary becomes the keyword arguments of `initialize`.
    # "/about/?" would match both spellings, and be reversed to "/about/?". So the spelling that has
    # the name stands alone, and beside it the one that is redirected.
    url(r"/about", topics.AboutHandler, name="about"),
    url(r"/about/", topics.AboutHandler),
    url(rf"/topics/({TOPIC})/", topics.TopicHandler, {"page_size": 20}, name="topic"),
    url(rf"/topics/({TOPIC})", topics.TopicHandler, {"page_size": 20}),
    url(rf"/topics/({TOPIC})/feed\.atom", feed.FeedHandler, {"page_size": 20}, name="feed"),
    url(rf"/topics/(?P<topic>{TOPIC})/live", chat.LivePageHandler, name="live"),
    url(rf"/topics/(?P<topic>{TOPIC})/poll", chat.PollHandler, {"seconds": 25}, name="poll"),
    url(rf"/topics/(?P<topic>{TOPIC})/socket", chat.SocketHandler, name="socket"),
    url(rf"/messages/(?P<message_id>{NUMBER})", topics.MessageHandler, name="message"),
    url(r"/upload", upload.UploadPageHandler, name="upload"),
    url(rf"/upload/({FILE})", upload.UploadHandler, name="upload-file"),
    url(rf"/files/([0-9a-f]{{16}}-{FILE})", upload.DownloadHandler, name="file"),
    url(r"/status", status.StatusHandler, name="status"),
    # From here on no request handlers: see handlers/plain.py.
    Rule(PathMatches(r"/old/.*"), plain.OldLinks()),
    Rule(
        PathMatches(r"/-/.*"),
        RuleRouter(
            [
                Rule(PathMatches(r"/-/ping"), plain.ping),
                Rule(PathMatches(r"/-/checksum"), plain.Checksum()),
            ]
        ),
    ),
]
