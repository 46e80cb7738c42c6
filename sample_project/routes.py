"""Everything the board answers, by host. The first match wins, from top to bottom.

Shown here: ``URLSpec`` with names, groups and keyword arguments, and ``Rule`` for targets that are
not request handlers. Groups reach the methods by position or, when the pattern names them, by
name. A route with a name can be reversed: ``self.reverse_url("topic", "help")`` in Python,
``{{ reverse_url("topic", "help") }}`` in a template. The dictionary, where there is one, becomes
the keyword arguments of the handler's ``initialize``.
"""

from __future__ import annotations

from tornado.routing import PathMatches, Rule, RuleRouter, URLSpec

from .handlers import account, admin, api, board, chat, feed, plain, status, upload
from .model import TOPICS
from .settings import Settings

TOPIC = "|".join(TOPICS)
NUMBER = "[0-9]{1,18}"  # what fits into the 64 bits of SQLite's integers
FILE = r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,79}"


def site(settings: Settings) -> list[Rule]:
    """Any host. Tornado puts /static/, /favicon.ico and /robots.txt in front of these."""
    files = {"directory": settings.uploads, "limit": settings.upload_limit}
    return [
        URLSpec(r"/", board.Home, {"page_size": 10}, name="home"),
        # A pattern such as "/about/?" would match both spellings but would reverse to
        # "/about/?". So the spelling that has the name stands alone, the other one beside it.
        URLSpec(r"/about", board.About, name="about"),
        URLSpec(r"/about/", board.About),
        URLSpec(rf"/topics/({TOPIC})/", board.Topic, {"page_size": 20}, name="topic"),
        URLSpec(rf"/topics/({TOPIC})", board.Topic, {"page_size": 20}),
        URLSpec(rf"/topics/({TOPIC})/feed\.atom", feed.Feed, {"page_size": 20}, name="feed"),
        URLSpec(rf"/topics/(?P<topic>{TOPIC})/live", chat.LivePage, name="live"),
        URLSpec(
            rf"/topics/(?P<topic>{TOPIC})/poll",
            chat.Poll,
            {"seconds": settings.poll_seconds},
            name="poll",
        ),
        URLSpec(rf"/topics/(?P<topic>{TOPIC})/socket", chat.Socket, name="socket"),
        URLSpec(rf"/messages/(?P<message_id>{NUMBER})", board.SingleMessage, name="message"),
        URLSpec(r"/sign-in", account.SignIn, name="sign-in"),
        URLSpec(r"/sign-out", account.SignOut, name="sign-out"),
        URLSpec(r"/upload", upload.UploadPage, {"limit": settings.upload_limit}, name="upload"),
        URLSpec(rf"/upload/({FILE})", upload.Upload, files, name="upload-file"),
        URLSpec(
            rf"/files/([0-9a-f]{{16}}-{FILE})",
            upload.Download,
            {"path": str(settings.uploads)},
            name="file",
        ),
        URLSpec(r"/status", status.Status, {"port": settings.port}, name="status"),
        # From here on: no request handlers. See handlers/plain.py.
        Rule(PathMatches(r"/old/.*"), plain.OldLinks()),
        Rule(
            PathMatches(r"/-/.*"),
            RuleRouter(
                [
                    Rule(PathMatches(r"/-/health"), plain.health),
                    Rule(PathMatches(r"/-/checksum"), plain.Checksum()),
                ]
            ),
        ),
    ]


def api_host() -> list[Rule]:
    """api.localhost. All paths begin with /v1/, which the site does not use: see app.py."""
    return [
        URLSpec(r"/v1/topics", api.Topics, name="api-topics"),
        URLSpec(r"/v1/messages", api.Messages, {"page_size": 50}, name="api-messages"),
        URLSpec(rf"/v1/messages/(?P<message_id>{NUMBER})", api.SingleMessage, name="api-message"),
        # Without this line an unknown path would get the site's page, which is no JSON.
        URLSpec(r"/v1/.*", api.NotFound),
    ]


def admin_host() -> list[Rule]:
    """admin.localhost. What is not found here is looked up in the site, such as /sign-in."""
    return [
        URLSpec(r"/", admin.Dashboard, name="admin"),
        URLSpec(rf"/messages/(?P<message_id>{NUMBER})/delete", admin.Delete, name="admin-delete"),
    ]
