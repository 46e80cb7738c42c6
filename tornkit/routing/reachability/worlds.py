"""Hosts that no rule of a table tells apart: one stands for all."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from tornkit.regex.automata.alphabet import HOST
from tornkit.regex.automata.languages import language
from tornkit.regex.automata.search import SearchBudget, every_way
from tornkit.regex.automata.translate import Bound, Untranslatable, translated
from tornkit.regex.patterns.sample import host_examples
from tornkit.routing.conditions import Condition, CustomCondition, HostCondition
from tornkit.routing.matching.search import Answer, Request, answer
from tornkit.routing.matching.sendable import USUAL_HOSTS
from tornkit.routing.model import Fallback, Route
from tornkit.routing.path_language import is_path

_STATES, _SECONDS = 20_000, 0.5


@dataclass(frozen=True)
class World:
    """Hosts that no rule tells apart, by one of them. ``proxied``: ``X-Real-Ip`` is set."""

    host: str
    proxied: bool


def holds_in(step: Route | Fallback, world: World) -> bool:
    """Whether the step's conditions on the host hold; conditions on the path are not asked."""
    request = Request("/", world.host, world.proxied)
    return all(
        answer(condition, request) is Answer.YES
        for condition in step.conditions
        if not is_path(condition)
    )


def is_exact(condition: Condition) -> bool:
    """Whether a condition is analysed exactly, so that one host of a world answers for all."""
    match condition:
        case CustomCondition():
            return False
        case HostCondition(regex):
            try:
                return translated(regex, HOST, Bound.OVER).exact
            except Untranslatable:
                return False
        case _:
            return True


def host_regexes(conditions: Iterable[Condition]) -> tuple[re.Pattern[str], ...]:
    """The distinct regexes of those conditions that are host rules and `is_exact`."""
    found = (c.regex for c in conditions if isinstance(c, HostCondition) and is_exact(c))
    return tuple(dict.fromkeys(found))


# ``_ABNF.uri_host``, without the comma and the capitals. Of the letters alone, `HOST` allows a
# little more: a % that nothing follows.
_HOST_FORM = re.compile(r"(?:[\[\]:a-z0-9\-._~!$&'()*+;=]|%[0-9a-f]{2})*")


def is_host(name: str) -> bool:
    """Whether ``name`` can be the ``host_name`` of a request."""
    return _HOST_FORM.fullmatch(name) is not None


@lru_cache(maxsize=256)
def distinct_hosts(
    own: tuple[re.Pattern[str], ...], others: tuple[re.Pattern[str], ...]
) -> tuple[str, ...]:
    """One host for each way in which these rules can answer, all of ``own`` with yes.

    Names that a person would expect stand for their world before those that a search finds.

    :raises OverBudget: there are too many.
    """
    regexes = tuple(dict.fromkeys((*own, *others)))
    worlds: dict[tuple[bool, ...], str] = {}

    def note(host: str) -> None:
        answers = tuple(regex.match(host) is not None for regex in regexes)
        if all(answers[: len(own)]) and is_host(host):
            worlds.setdefault(answers, host)

    made = (name for regex in own for name in host_examples(regex))
    for host in (USUAL_HOSTS[0], *made, *USUAL_HOSTS):
        note(host)
    machines = [language(translated(each, HOST, Bound.OVER).expression, HOST) for each in regexes]
    for host in every_way(machines, len(own), HOST, SearchBudget(_STATES, _SECONDS)):
        note(host)
    return tuple(worlds.values())
