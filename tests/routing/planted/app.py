"""Sixty routes with a defect of every kind among them, and thirty that only look like one.

What a check should say stands as a comment at its line. Whatever is said elsewhere is wrong.
"""

from __future__ import annotations

import re
from pathlib import Path

from handlers import (
    Anything,
    Chat,
    Configured,
    Feed,
    Links,
    Menu,
    Named,
    One,
    OneOrNone,
    Page,
    Plain,
    Prepared,
    Silent,
    Two,
)
from tornado.routing import HostMatches, PathMatches, Rule
from tornado.web import Application, RedirectHandler, StaticFileHandler, url

HERE = Path(__file__).parent
STATIC = {"path": str(HERE / "static")}

SOUND = [
    url(r"/", Page, name="home"),
    url(r"/links", Links),
    url(r"/posts/([a-z-]+)", One, name="post"),
    url(r"/archive/(?P<year>\d{4})/(?P<month>\d\d)", Named, name="archive"),
    url(r"/chat/(\w+)", Chat, name="chat"),
    url(r"/feed/(.*)", Feed),
    url(r"/about", Plain, name="about"),
    url(r"/contact", Plain),
    url(r"/legal", Plain),
    url(r"/compare/(\d+)/(\d+)", Two, name="compare"),
    url(r"/files/(.*)", StaticFileHandler, STATIC, name="files"),
    url(r"/old/(.*)", RedirectHandler, {"url": "/posts/{0}"}),
    url(r"/moved", RedirectHandler, {"url": "/about", "permanent": True}),
    url(r"/store/(\d+)", Configured, {"store": {}}),
    url(r"/admin/users", Plain),
    url(r"/admin/groups", Plain),
    url(r"/admin/log", Plain),
    url(r"/api/v1/items", Plain),
    url(r"/api/v1/items/(\d+)", One, name="item"),
    url(r"/api/v1/users/([^/]+)", One),
    url(r"/api/v1/users/([^/]+)/items/(\d+)", Two),
    url(r"/search", Plain, name="search"),
    url(r"/login", Plain),
    url(r"/logout", Plain),
    url(r"/help/([a-z]+)/([a-z]+)", Two),
]

PLANTED = [
    url(r"/names/first", Plain, name="twice"),  # expect: TK101
    url(r"/names/second", Plain, name="twice"),
    url(r"/covered/(.*)", Page),
    url(r"/covered/by/one", Plain),  # expect: TK201
    url(r"/halves/[a-m].*", Plain),
    url(r"/halves/[^a-m].*", Plain),
    url(r"/halves/.+", Plain),  # expect: TK201
    url(r"unrooted/page", Plain),  # expect: TK202
    url(r"/with a space", Plain),  # expect: TK202
    url(r"/café", Plain),  # expect: TK202
    url(r"/(?i:folded)", Plain, name="folded"),  # expect: TK301
    url(r"/percent/100%/(\d+)", One, name="percent"),  # expect: TK301
    url(r"/slash/?", Plain, name="slash"),  # expect: TK302
    url(r"/optional(/\d+)?", OneOrNone, name="optional"),  # expect: TK302
    url(r"/taken/new|/taken/list", Plain),  # expect: TK503
    url(r"/taken/(new)", One, name="taken"),  # expect: TK201 TK303
    url(r"/groups/(\d+)", Plain),  # expect: TK401
    url(r"/groups/few", One),  # expect: TK401
    url(r"/groups/(?P<name>\w+)/x", One),  # expect: TK401
    url(r"/groups/chat", Chat),  # expect: TK401
    url(r"/keywords/unknown", Plain, {"colour": "red"}),  # expect: TK402
    url(r"/keywords/missing", Configured),  # expect: TK402
    url(r"/silent", Silent),  # expect: TK403
    url(r"/static-without-group", StaticFileHandler, STATIC),  # expect: TK404
    url(r"/static-nowhere/(.*)", StaticFileHandler, {"path": "/nowhere/at/all"}),  # expect: TK404
    url(r"/redirect/(\d+)", RedirectHandler, {"url": "/posts/{1}"}),  # expect: TK404
    url(r"/favicon.ico", Plain),  # expect: TK501
    url(r"/feed.(?:xml|json)", Plain),  # expect: TK501
    url(r"/escapes/a|/escapes/b", Plain),  # expect: TK503
    Rule(PathMatches(re.compile(r"/compiled")), Plain),  # expect: TK504
    url(r"/escaped-dollar\$", Plain),  # expect: TK504
    url(r"/parameters/<int:number>", Plain),  # expect: TK506
    url(r"/parameters/:number", Plain),  # expect: TK506
    url(r"/parameters/{number}", Plain),  # expect: TK506
    url(r"/slow/(?:[a-z]+)+\d", Plain),  # expect: TK701
    url(r"/slow/(?:\w*-?)*x", Plain),  # expect: TK701
    url(r"/(?P<x>q+)(?P=x)", Page),
    url(r"/qqqq", Plain),  # expect: TK000
]

LOOK_ALIKES = [
    url(r"/innocent/names/first", Plain, name="once"),
    url(r"/innocent/names/second", Plain, name="one"),
    url(r"/innocent/covered/by/one", Plain),
    url(r"/innocent/covered/(.*)", Page),
    url(r"/innocent/halves/[a-m].*", Plain),
    url(r"/innocent/halves/[^a-m].*", Plain),
    url(r"/innocent/halves/.*", Plain),
    url(r"/innocent/caf%C3%A9", Plain),
    url(r"/innocent/a b?c", Plain) if False else url(r"/innocent/a%20b", Plain),  # type: ignore[redundant-expr]
    url(r"/innocent/escaped\.html", Plain, name="escaped"),
    url(r"/innocent/slash/", Plain, name="innocent-slash"),
    url(r"/innocent/unnamed/?", Plain),
    url(r"/innocent/unnamed(/\d+)?", OneOrNone),
    url(r"/innocent/groups/(?:\d+)", Plain),
    url(r"/innocent/groups/(\d+)?/x", OneOrNone),
    url(r"/innocent/groups/(\d+)/(\d+)/(\d+)", Page),
    url(r"/innocent/keywords", Anything, {"colour": "red"}),
    url(r"/innocent/limit", Configured, {"store": None, "limit": 3}),
    url(r"/innocent/prepared", Prepared),
    url(r"/innocent/static/(?P<path>.*)", StaticFileHandler, STATIC),
    url(r"/innocent/redirect/(\w+)/(\w+)", RedirectHandler, {"url": "/posts/{1}-{0}"}),
    url(r"/innocent/favicon\.ico", Plain),
    url(r"/innocent/any.*", Plain),
    url(r"/innocent/class[.]html", Plain),
    url(r"/innocent/(?:a|b)", Plain),
    url(r"/innocent/x$|/innocent/y$", Plain),
    Rule(PathMatches(re.compile(r"/innocent/compiled$")), Plain),
    Rule(PathMatches(re.compile(r"/innocent/prefix/.*")), Plain),
    url(r"/innocent/parameters/\{number\}", Plain),
    url(r"/innocent/parameters:batch", Plain),
    url(r"/innocent/slow/(?:[a-z]+-)+\d", Plain),
    url(r"/innocent/slow/([^/]+)/([^/]+)", Two),
]

HOSTS = [
    (HostMatches(r"api\.example\.com"), [url(r"/names/other", Plain, name="across")]),
    (HostMatches(r"www.example.com"), [(r"/dotted", Plain)]),  # expect: TK502
    (HostMatches(re.compile(r"open\.example\.com")), [(r"/open", Plain)]),  # expect: TK505
    (
        HostMatches(r"one\.example\.com|two\.example\.com"),
        [(r"/either", Plain)],  # expect: TK503
    ),
    (HostMatches(r"(?:[a-z]+\.)?example\.org"), [(r"/innocent", Plain)]),
    (
        HostMatches(r"other\.example\.com"),
        [url(r"/names/elsewhere", Plain, name="across")],  # expect: TK102
    ),
]


def make_app() -> Application:
    application = Application(
        [*SOUND, *PLANTED, *LOOK_ALIKES],
        template_path=str(HERE / "templates"),
        ui_modules={"Menu": Menu},
        cookie_secret="not a real one",
        login_url="/login",
    )
    application.default_router.rules[:0] = [
        application.default_router.process_rule(Rule(matcher, rules)) for matcher, rules in HOSTS
    ]
    return application
