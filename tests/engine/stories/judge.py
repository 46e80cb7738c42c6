"""The same stories to Tornado's server and to tornkit's, and in what they differ."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from tests.engine.servers import TORNADO, server_class
from tests.engine.stories.outcome import Moment, Outcome
from tests.engine.stories.player import Player
from tests.engine.stories.rules import END
from tests.engine.stories.story import Story

_ONE_READ = 60_000  # bytes of a body that come with their head, mostly
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Difference:
    """A story of which something else came, and the first moment at which it did."""

    story: Story
    reference: Outcome
    candidate: Outcome
    explained_by: frozenset[str] = frozenset()

    @property
    def moment(self) -> tuple[int, Moment | None, Moment | None]:
        """The number of the first that differs, and both."""
        pairs = zip_longest(self.reference.moments, self.candidate.moments)
        return next((n, one, other) for n, (one, other) in enumerate(pairs) if one != other)

    @property
    def signature(self) -> str:
        """In what they differ, without its numbers: equal for stories that show the same."""
        _, one, other = self.moment
        if one is None or other is None:
            return "another number of moments"
        words = [f"-{note}" for note in one.notes if note not in other.notes]
        words += [f"+{note}" for note in other.notes if note not in one.notes]
        if one.notes != other.notes and not words:
            words.append("the order of notes")
        if one.received != other.received:
            words.append("bytes")
        if one.closed != other.closed:
            words.append(f"closed {one.closed} {other.closed}")
        return " ".join(_NUMBER.sub("#", word) for word in words)

    def __str__(self) -> str:
        number, one, other = self.moment
        return f"{self.story}\n  moment {number}, Tornado:\n{one}\n  tornkit:\n{other}"


class Judge:
    """Tornado's server, the same with the rules, and the candidate, on one loop."""

    def __init__(
        self, candidate: str = "tornkit:HTTPServer", loop: str = "asyncio", *, fast: bool = True
    ) -> None:
        self._reference = Player(server_class(TORNADO), loop)
        self._strict = Player(server_class(TORNADO), loop, rules=True)
        self.candidate = Player(server_class(candidate), loop, fast=fast)

    def differences(self, stories: Sequence[Story]) -> list[Difference]:
        """Those of which something else came, explained or not."""
        references = self._reference.play(stories)
        candidates = self.candidate.play(stories)
        unequal = [
            number
            for number, (one, other) in enumerate(zip(references, candidates, strict=True))
            if one.moments != other.moments
        ]
        strict = self._strict.play([stories[number] for number in unequal])
        found = [
            Difference(stories[number], references[number], candidates[number], rules.rules)
            if rules.moments == candidates[number].moments
            else Difference(stories[number], rules, candidates[number])
            for number, rules in zip(unequal, strict, strict=True)
        ]
        return self._without_chance(found)

    def _without_chance(self, found: list[Difference]) -> list[Difference]:
        """Explain those that come of a client's end behind several requests alone."""
        chancy = [each for each in found if not each.explained_by and _ends_behind(each.story)]
        if not chancy:
            return found
        waiting = [_without_ends(each.story) for each in chancy]
        still = {each.story for each in self.differences(waiting) if not each.explained_by}
        chance = {
            id(each) for each, story in zip(chancy, waiting, strict=True) if story not in still
        }
        return [
            replace(each, explained_by=frozenset((END,))) if id(each) in chance else each
            for each in found
        ]

    def unexplained(self, stories: Sequence[Story]) -> list[Difference]:
        return [each for each in self.differences(stories) if not each.explained_by]

    def shrink(self, found: Difference) -> Difference:
        """The smallest story that was found to show the same."""
        smaller = True
        while smaller:
            smaller = False
            tried = list(_smaller(found.story))
            for one in self.unexplained(tried):
                if one.signature == found.signature:
                    found, smaller = one, True
                    break
        return found

    def close(self) -> None:
        for player in (self._reference, self._strict, self.candidate):
            player.close()


def _ends_behind(story: Story) -> bool:
    """Whether a client's end is seen sooner or later by chance.

    It ends behind several requests, or behind a body that may take several reads, or does not read
    what is written to it.
    """
    sent: Counter[int] = Counter()
    for step in story.steps:
        if step.what == "send":
            long = [index for index in step.requests if story.requests[index].body > _ONE_READ]
            sent[step.connection] += len(step.requests) + len(long)
        elif step.what == "stall":
            sent[step.connection] += 2
        elif step.what in ("end", "leave") and sent[step.connection] > 1:
            return True
    return False


def _without_ends(story: Story) -> Story:
    steps = tuple(step for step in story.steps if step.what not in ("end", "leave"))
    return replace(story, steps=steps)


def _smaller(story: Story) -> Iterator[Story]:
    """The story with one thing less, the largest first."""
    for number in range(len(story.steps) - 1, -1, -1):
        steps = (*story.steps[:number], *story.steps[number + 1 :])
        if any(step.what == "send" for step in steps):
            yield replace(story, steps=steps)
    for number, step in enumerate(story.steps):
        for index in step.requests if len(step.requests) > 1 else ():
            rest = tuple(each for each in step.requests if each != index)
            steps = (
                *story.steps[:number],
                replace(step, requests=rest),
                *story.steps[number + 1 :],
            )
            yield replace(story, steps=steps)
        if not step.rests:
            steps = (*story.steps[:number], replace(step, rests=True), *story.steps[number + 1 :])
            yield replace(story, steps=steps)
    for number, request in enumerate(story.requests):
        for name in ("during", "after"):
            calls = getattr(request, name)
            for at in range(len(calls)):
                less: dict[str, Any] = {name: (*calls[:at], *calls[at + 1 :])}
                yield _with(story, number, replace(request, **less))
        if request.body:
            yield _with(story, number, replace(request, body=0, held=0, method="GET"))
        if request.held:
            yield _with(story, number, replace(request, held=0))
        if request.close:
            yield _with(story, number, replace(request, close=False))
        if request.method != "GET" and not request.body:
            yield _with(story, number, replace(request, method="GET"))


def _with(story: Story, number: int, request: object) -> Story:
    requests = (*story.requests[:number], request, *story.requests[number + 1 :])
    return replace(story, requests=requests)  # type: ignore[arg-type]
