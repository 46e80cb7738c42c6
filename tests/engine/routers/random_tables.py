"""Random applications that do all that a router can be made to do, and changes to them.

What `tests.routing.random_applications` makes, and beyond: regexes of all shapes, flags, matchers
and routers of a program's own that rewrite the path, change the rules, refuse or fail. From one
seed come two applications that are alike, for the one to be asked by Tornado and the other by the
compiled router; what a program's own code does on the way is written down and compared as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tornado.httputil import HTTPMessageDelegate, HTTPServerConnectionDelegate, HTTPServerRequest
from tornado.routing import (
    AnyMatches,
    Matcher,
    PathMatches,
    ReversibleRuleRouter,
    Router,
    Rule,
    RuleRouter,
    URLSpec,
)
from tornado.web import Application, RequestHandler

from tests.routing.random_applications import Builder

WORDS = ["a", "b", "ab", "A", "api", "thing1", "thing2", "x.y", "12", "", "caf%C3%A9"]
PIECES = [
    *(r"(\d+)", r"(\w+)", r"([^/]+)", r"(.*)", r"(a|b)", r"(?:a|ab)", r"(a)?", r"(?:a|api)/b"),
    *(r"[ab]", r"a+", r"(?:ab){1,2}", r"(?i:a)b", r"(?=a)ab", r"(?!b)\w+", r"x\.y", r"thing\d"),
    *(r"a?", r".", r"\w*?b", r"(?:thing1)", r"(?>a|ab)", r"a{1}b", r"(?<=/)a", r"\x61", r"a$", "^"),
]
FLAGS = [re.IGNORECASE, re.VERBOSE, re.DOTALL, re.ASCII, re.MULTILINE]


class Refused(Exception):
    """What a program's own matcher or router raises."""


class Wild(Builder):
    """One seed's application, its requests and its changes; ``log`` is what its own code did."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.log: list[object] = []
        # Of most patterns of half the applications: what comes behind has to tell them apart.
        self.beginning = self.random.choice(["", "", r"/(\w+)", "/api", "/(?:a|b)", "/.*"])

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    # ---- regexes and paths ----

    def path(self) -> str:
        if self.chance(0.2):
            return super().path()
        path = "".join("/" + self.random.choice(WORDS) for _ in range(self.random.randint(1, 4)))
        return path + "\n" if self.chance(0.03) else path

    def pattern(self) -> Any:
        """A string or a compiled regex, of any shape that Tornado takes."""
        while True:
            text = self.text()
            try:
                made = re.compile(text)
                if self.chance(0.15):
                    return re.compile(text, self.random.choice(FLAGS))
            except re.error:
                continue
            if len(made.groupindex) in (0, made.groups):
                return text if self.chance(0.85) else made

    def text(self) -> str:
        pieces = [self.beginning] if self.chance(0.8) else []
        for _ in range(self.random.randint(1, 4)):
            pieces.append("/")
            pieces.append(self.random.choice(WORDS if self.chance(0.6) else PIECES))
        text = "".join(pieces)
        if self.chance(0.05):
            text += self.random.choice(["$", r"\$", "|/b", "|", r"\Z", "$|/a", "/?", r"(?:\n)?"])
        if self.chance(0.05):
            text = self.random.choice(["^", "(?i)", "(?x)", "(?s)", "(?:)", "(?a)"]) + text
        if self.chance(0.2):  # some of the groups by name
            names = iter(("one", "two", "three", "four"))
            text = re.sub(r"\((?!\?)", lambda _: f"(?P<{next(names, 'five')}>", text)
        return text

    # ---- rules ----

    def rules(self, depth: int) -> list[Any]:
        most = self.random.choice([3, 8, 30]) if depth < 2 else 4
        return [self.rule(depth) for _ in range(self.random.randint(0, most))]

    def rule(self, depth: int) -> Any:
        kwargs = {"extra": self.count} if self.chance(0.1) else None
        if depth < 3 and self.chance(0.12):
            return Rule(self.matcher(), self.nested(depth + 1, self.random.random() / 3))
        if self.chance(0.06):
            return Rule(self.own_matcher(), self.own_target(depth), kwargs)
        kind = self.random.choice([URLSpec, URLSpec, URLSpec, PathRule, SubRule])
        return kind(self.pattern(), self.own_target(depth), kwargs)

    def own_target(self, depth: int) -> Any:
        if not self.chance(0.12):
            return self.target()
        label = self.label()
        kinds: list[Callable[[], Any]] = [
            lambda: None,  # Tornado passes over it
            lambda: Silent(self, label),
            lambda: Failing(self, label),
            lambda: Overriding(self, label, self.functions()),
            lambda: Selective(self, label, self.functions()),
            lambda: ReversibleRuleRouter(self.functions()),
            lambda: Starting(label),
        ]
        return self.random.choice(kinds)()

    def functions(self) -> list[Any]:
        return [(self.pattern(), self.target_function()) for _ in range(self.random.randint(0, 8))]

    def own_matcher(self) -> Matcher:
        label = self.label()
        kinds: list[Callable[[], Matcher]] = [
            lambda: Noting(self, label, self.chance(0.3)),
            lambda: Rewriting(self, label, self.path(), self.chance(0.3)),
            lambda: Counting(self, label, self.pattern()),
            lambda: Raising(self, label),
            lambda: Changing(self, label),
        ]
        return self.random.choices(kinds, [5, 3, 3, 1, 2])[0]()

    def application(self, depth: int = 0) -> Application:
        kind = self.random.choices(
            [Application, PlainlyDerived, Delegating, Finding], [6, 2, 2, 1 if depth else 0]
        )[0]
        settings: dict[str, Any] = {}
        if self.chance(0.6):
            settings["default_handler_class"] = self.handler()
        if self.chance(0.2):
            settings["default_handler_args"] = {"extra": 0}
        if self.chance(0.1):
            settings["static_path"] = "/nowhere"
        default_host = self.random.choice([None, None, "a.com", "localhost"])
        application: Application = kind(self.rules(depth), default_host=default_host, **settings)
        application.wild = self  # type: ignore[attr-defined]
        for _ in range(self.random.choice([0, 0, 1, 3])):
            application.add_handlers(
                self.random.choice([".*", r"a\.com", "local.*"]), self.rules(2)
            )
        return application

    # ---- changes ----

    def change(self, application: Application) -> None:
        """Something that a program may do to its routes between two requests."""
        wildcard: Any = application.wildcard_router
        rules: list[Rule] = wildcard.rules
        kind = self.random.randrange(14)
        if kind == 0:
            application.add_handlers(self.random.choice([".*", r"a\.com"]), self.rules(2))
        elif kind == 1:
            wildcard.add_rules([self.rule(2) for _ in range(3)])
        elif kind == 2:
            rules.insert(0, wildcard.process_rule(self.made_rule()))
        elif kind == 3:
            rules.reverse()
        elif kind == 4:
            self.random.shuffle(rules)
        elif kind == 5:
            wildcard.rules = [*rules[1:], self.made_rule()]
        elif kind == 6:
            application.default_router = RuleRouter(
                [Rule(AnyMatches(), application.wildcard_router)]
            )  # type: ignore[assignment]
        elif kind == 7:
            application.settings["default_handler_class"] = self.handler()
        elif rules:
            self.change_rule(rules, self.random.randrange(len(rules)), kind)

    def change_rule(self, rules: list[Rule], place: int, kind: int) -> None:
        rule: Any = rules[place]
        if kind == 8:
            rules[place] = self.made_rule()
        elif kind == 9:
            del rules[place]
        elif kind == 10:
            rule.matcher = PathMatches(self.pattern())
        elif kind == 11:
            rule.target = self.target()
        elif kind == 12:
            rule.target_kwargs = {"extra": self.count}
        elif isinstance(rule.matcher, PathMatches):
            rule.matcher.regex = PathMatches(self.pattern()).regex

    def made_rule(self) -> Rule:
        return URLSpec(self.pattern(), self.target())


class PathRule(Rule):
    """As one is made of a pair."""

    def __init__(self, pattern: Any, target: Any, kwargs: Any = None) -> None:
        super().__init__(PathMatches(pattern), target, kwargs)


class SubRule(URLSpec):
    """A class of a program's own."""


# ---- matchers of a program's own ----


class Noting(Matcher):
    """Says always the same."""

    def __init__(self, wild: Wild, label: str, answer: bool) -> None:
        self.wild, self.label, self.answer = wild, label, answer

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        self.wild.log.append((self.label, request.path))
        return {"path_args": [self.label.encode()]} if self.answer else None


class Rewriting(Noting):
    """The next rules are asked about another path."""

    def __init__(self, wild: Wild, label: str, path: str, answer: bool) -> None:
        super().__init__(wild, label, answer)
        self.path = path

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        found = super().match(request)
        request.path = self.path
        return found


class Counting(PathMatches):
    """Of a path it takes each second."""

    def __init__(self, wild: Wild, label: str, pattern: Any) -> None:
        super().__init__(pattern)
        self.wild, self.label, self.asked = wild, label, 0

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        self.asked += 1
        self.wild.log.append((self.label, self.asked))
        return super().match(request) if self.asked % 2 else None


class Raising(Noting):
    """Fails on some paths."""

    def __init__(self, wild: Wild, label: str) -> None:
        super().__init__(wild, label, False)

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        if "a" in request.path:
            raise Refused(self.label)
        return super().match(request)


class Changing(Noting):
    """Changes the rules while they are gone through, once."""

    def __init__(self, wild: Wild, label: str) -> None:
        super().__init__(wild, label, False)
        self.application: Any = None
        self.done = False

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        top: Any = request.server_connection
        if not self.done and isinstance(top, Application):
            self.done = True
            self.wild.change(top)
        return super().match(request)


# ---- routers and targets of a program's own ----


class Silent(Router):
    """Finds nothing, so that Tornado goes on."""

    def __init__(self, wild: Wild, label: str) -> None:
        self.wild, self.label = wild, label

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        self.wild.log.append((self.label, request.path, kwargs))
        return None


class Failing(Silent):
    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        super().find_handler(request, **kwargs)
        raise Refused(self.label)


class Overriding(RuleRouter):
    """Overrides ``find_handler``."""

    def __init__(self, wild: Wild, label: str, rules: Any) -> None:
        super().__init__(rules)
        self.wild, self.label = wild, label

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> HTTPMessageDelegate | None:
        self.wild.log.append((self.label, request.path, kwargs))
        return super().find_handler(request, **kwargs)


class Selective(RuleRouter):
    """Overrides ``get_target_delegate``, and finds something only sometimes."""

    def __init__(self, wild: Wild, label: str, rules: Any) -> None:
        super().__init__(rules)
        self.wild, self.label = wild, label

    def get_target_delegate(
        self, target: Any, request: HTTPServerRequest, **target_params: Any
    ) -> HTTPMessageDelegate | None:
        self.wild.log.append((self.label, request.path, target.__qualname__, target_params))
        if len(self.wild.log) % 3:
            return None
        return super().get_target_delegate(target, request, **target_params)


class Starting(HTTPServerConnectionDelegate):
    """A target that starts requests."""

    def __init__(self, label: str) -> None:
        self.label = label

    def start_request(self, server_conn: object, request_conn: Any) -> HTTPMessageDelegate:
        delegate = HTTPMessageDelegate()
        delegate.started_by = self.label  # type: ignore[attr-defined]
        return delegate


class PlainlyDerived(Application):
    """Overrides nothing."""


class Delegating(Application):
    """Overrides ``get_handler_delegate``, and has none for some handlers."""

    def get_handler_delegate(
        self,
        request: HTTPServerRequest,
        target_class: type[RequestHandler],
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        wild = self.wild  # type: ignore[attr-defined]
        wild.log.append((target_class.__name__, args, dict(kwargs)))
        if len(wild.log) % 4 == 0:
            return None
        return super().get_handler_delegate(request, target_class, *args, **kwargs)


class Finding(Application):
    """Overrides ``find_handler``."""

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        self.wild.log.append((request.path, kwargs))  # type: ignore[attr-defined]
        return super().find_handler(request, **kwargs)
