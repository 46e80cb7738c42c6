"""An application's routes as frozen values.

A table is flat. Tornado walks a tree of routers depth first, and each router on the way adds one
condition; so a route is the chain of `Scope` s above it plus its own condition, and the tree's
order is the tuple's order. A request goes down the tuple and stops at the first route that takes
it. The one thing a flat list would lose is that a nested ``Application`` answers 404 by itself
and so ends the search for everything after it: that is a `Fallback`, which stands between two
routes.

Written by `routing.reading.extract`, completed by `routing.reversing.reverse`, read by everything
else. Knows nothing of Tornado.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tornkit.regex.patterns.prefix import PrefixIndex, required_prefix
from tornkit.routing.conditions import Condition, CustomCondition, PathCondition, Scope


@dataclass(frozen=True)
class Source:
    """A line of a file. ``file`` is absolute."""

    file: str
    line: int


class TargetKind(enum.Enum):
    """Kind of target at the end of a rule. The value is the JSON word."""

    HANDLER = "handler"
    WEBSOCKET = "websocket"
    STATIC = "static"
    REDIRECT = "redirect"
    ERROR = "error"
    FALLBACK = "fallback"
    ROUTER = "router"
    DELEGATE = "delegate"
    CALLABLE = "callable"
    NOTHING = "nothing"


class Takes(enum.Enum):
    """Certainty that a target takes a request which satisfies all conditions."""

    ALWAYS = "always"
    MAYBE = "maybe"
    NEVER = "never"


ANY_METHOD = "*"


class ParameterKind(enum.Enum):
    """Way in which a value reaches a parameter, as `inspect.Parameter.kind`, with other values."""

    POSITIONAL_ONLY = "positional only"
    EITHER = "positional or keyword"
    REST = "*args"
    KEYWORD_ONLY = "keyword only"
    KEYWORDS = "**kwargs"


@dataclass(frozen=True)
class Parameter:
    """One parameter of a function, ``self`` not counted.

    ``annotation`` is the type itself where it could be resolved, the text where it could not,
    None where there is none.
    """

    name: str
    kind: ParameterKind = ParameterKind.EITHER
    required: bool = True
    annotation: object = None


@dataclass(frozen=True)
class Operation:
    """A method and the function that answers it: ``GET`` is ``get``, ``WS`` a WebSocket's ``open``.

    ``parameters`` is None where Python can't tell. ``authenticated``: only users who are signed in
    are served; where ``admits_first``, a handshake has been answered before that is asked. ``doc``
    is the docstring, dedented. ``returns`` is as `Parameter.annotation`.
    """

    method: str
    parameters: tuple[Parameter, ...] | None = None
    authenticated: bool = False
    admits_first: bool = False
    doc: str | None = None
    returns: object = None
    source: Source | None = None


@dataclass(frozen=True)
class RouteTarget:
    """Target at the end of a rule: a handler class, a router, a delegate or a callable.

    ``name`` is dotted. ``methods`` are those really implemented, ``("*",)`` where the target sees
    every request whatever its method. ``detail`` says where a redirect goes, or what a fallback
    calls.

    Of a handler class: ``operations`` has one for each of ``methods``, in their order (none for
    ``*``), ``initialize`` its parameters (None where unknown), ``doc`` the class's own docstring.
    ``overrides`` names what Tornado decides about its requests and its class, or for
    ``get_handler_delegate`` its application, replaces. ``live`` is the class itself, for checks; it
    is never printed, and plays no part in comparisons.
    """

    name: str
    kind: TargetKind
    methods: tuple[str, ...] = (ANY_METHOD,)
    source: Source | None = None
    detail: str | None = None
    operations: tuple[Operation, ...] = ()
    initialize: tuple[Parameter, ...] | None = None
    doc: str | None = None
    overrides: tuple[str, ...] = ()
    live: object = field(default=None, compare=False, repr=False)

    @property
    def short_name(self) -> str:
        """Name without its module: ``blog.handlers.Home`` -> ``Home``."""
        return self.name.rsplit(".", 1)[-1]


class Origin(enum.Enum):
    """Origin of a route: the application, an installed package, or Tornado."""

    APP = "app"
    PACKAGE = "package"
    TORNADO = "tornado"


class Outcome(enum.Enum):
    """Outcome of reversing a name: the URL came back, or how it did not."""

    OK = "ok"
    FAILS = "fails"
    MISSES = "misses"
    TAKEN = "taken"
    SHADOWED = "shadowed"
    UNDECIDED = "undecided"


class Reversal(NamedTuple):
    """Result of ``reverse_url(name, *args)`` for a route.

    ``url`` is None where it raised. ``reason`` is for people. ``host`` is the one that the URL
    was sent back with. ``by`` are the indices of the routes in the way. A tuple: one is made for
    each name, in a fifth of a frozen dataclass's time.
    """

    outcome: Outcome
    args: tuple[str, ...] = ()
    url: str | None = None
    reason: str = ""
    host: str | None = None
    by: tuple[int, ...] = ()


@dataclass(frozen=True)
class Keyword:
    """One of the keyword arguments that a rule hands to ``initialize``.

    ``shown`` is short and safe to print: what may be a secret is masked. ``value`` is the live
    object, for checks; it is never printed, and plays no part in comparisons. The one keyword of
    a rule whose third element is no mapping at all is called ``**``.
    """

    name: str
    shown: str
    value: object = field(default=None, compare=False, repr=False)


@dataclass(frozen=True)
class Route:
    """A route, one line of the table: its routers, its condition, its target, its name.

    ``scopes`` are outermost first. ``opens`` is set on a line that stands for a *named* rule
    whose target is a router: it takes no request itself, but its name reverses. ``declared`` is
    the line on which the rule itself is written, where that was looked for and found.
    """

    index: int
    scopes: tuple[Scope, ...]
    condition: Condition | None
    target: RouteTarget
    takes: Takes = Takes.ALWAYS
    name: str | None = None
    origin: Origin = Origin.APP
    reversal: Reversal | None = None
    opens: int | None = None
    kwargs: tuple[Keyword, ...] = ()
    declared: Source | None = None

    @property
    def where(self) -> Source | None:
        """The line to open: the rule's own where it is known, else the handler's."""
        return self.declared or self.target.source

    @functools.cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition from the outermost router inward, the route's own last."""
        # A loop: two generators take twice as long, and each route is asked.
        chain = [scope.condition for scope in self.scopes]
        chain.append(self.condition)
        return tuple([condition for condition in chain if condition is not None])

    def reversed_as(self, reversal: Reversal) -> Route:
        """Copy of this route with a reversal.

        Copies the fields, `conditions` among them: `dataclasses.replace` takes ten times as long.
        """
        made = object.__new__(Route)
        vars(made).update(vars(self), reversal=reversal)
        return made

    def of_rule(self, index: int, condition: Condition | None, name: str | None) -> Route:
        """Copy of this route for another rule of its router, with its target and no keywords."""
        made = object.__new__(Route)
        vars(made).update(vars(self), index=index, condition=condition, name=name)
        vars(made).pop("conditions", None)
        return made

    @property
    def router(self) -> int:
        """The number of the router that holds the rule; -1 for a bare delegate or callable."""
        return self.scopes[-1].number if self.scopes else -1

    @property
    def is_copy(self) -> bool:
        """Whether this is a host rule's route a second time, under ``default_host``."""
        for scope in self.scopes:  # noqa: SIM110 - a generator takes three times as long
            if scope.copy_of is not None:
                return True
        return False

    @property
    def uncertain(self) -> bool:
        """Whether code of the user's own decides if this route takes a request."""
        if self.takes is Takes.MAYBE:
            return True
        for scope in self.scopes:
            if scope.overrides:
                return True
        for condition in self.conditions:  # noqa: SIM110 - a generator takes three times as long
            if isinstance(condition, CustomCondition):
                return True
        return False


@dataclass(frozen=True)
class Fallback:
    """An ``Application`` that answers what its own rules did not take, mostly with a 404.

    It stands before the route ``position`` (an index, as of `Route`).
    """

    position: int
    scopes: tuple[Scope, ...]
    target: RouteTarget

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition from the outermost router inward."""
        return tuple(scope.condition for scope in self.scopes if scope.condition is not None)


@dataclass(frozen=True)
class Places:
    """Files and template folders of an application's own code, as absolute paths, sorted.

    ``python`` are the files of the user's own modules that are loaded. ``templates`` are the
    folders that its handlers load templates from.
    """

    python: tuple[str, ...] = ()
    templates: tuple[str, ...] = ()


@dataclass(frozen=True)
class RouteTable:
    """One application's routes in true match order, and its fallbacks in the order they stand."""

    routes: tuple[Route, ...]
    fallbacks: tuple[Fallback, ...] = ()
    places: Places = Places()

    def route(self, index: int) -> Route:
        """The route of that index."""
        return self.routes[index - self.routes[0].index]

    @functools.cached_property
    def steps(self) -> tuple[Route | Fallback, ...]:
        """Routes and fallbacks, as a request meets them."""
        steps: list[Route | Fallback] = []
        waiting = list(reversed(self.fallbacks))
        for route in self.routes:
            while waiting and waiting[-1].position <= route.index:
                steps.append(waiting.pop())
            steps.append(route)
        return (*steps, *reversed(waiting))

    @functools.cached_property
    def _index(self) -> PrefixIndex:
        return PrefixIndex(
            required_prefix(step.condition.regex)
            if isinstance(step, Route) and isinstance(step.condition, PathCondition)
            else ""
            for step in self.steps
        )

    @functools.cached_property
    def _matchers(self) -> list[Callable[[str], object] | None]:
        return [
            step.condition.regex.match
            if isinstance(step, Route) and isinstance(step.condition, PathCondition)
            else None
            for step in self.steps
        ]

    def is_first(self, route: Route, path: str) -> bool:
        """Whether no step before ``route``, whose own pattern matches ``path``, may take it."""
        for place in self._index.candidates(path):
            if self.steps[place] is route:
                return True
            match = self._matchers[place]
            if match is None or match(path):
                return False
        return False

    def steps_for(self, path: str) -> Iterator[Route | Fallback]:
        """Steps whose own pattern matches ``path``, or that have none."""
        matchers = self._matchers
        for place in self._index.candidates(path):
            match = matchers[place]
            if match is None or match(path):
                yield self.steps[place]


class Severity(enum.Enum):
    """Weight of a finding. Information never makes ``--check`` fail."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """Result of a check: something that is wrong, remarkable or undecided.

    ``code`` is a key of `routing.findings.codes.CODES`. ``route`` is the index it is about, ``by``
    those that cause it, ``witness`` a URL that shows it, ``where`` the file and line to open.
    """

    code: str
    severity: Severity
    message: str
    route: int | None = None
    witness: str | None = None
    by: tuple[int, ...] = ()
    where: Source | None = None


@dataclass(frozen=True)
class Report:
    """Result of an analysis: a table for each application that is served, and the findings."""

    app: str
    tornado: str
    tables: tuple[RouteTable, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def routes(self) -> tuple[Route, ...]:
        """Routes of all tables; indices run on from table to table."""
        return tuple(route for table in self.tables for route in table.routes)
