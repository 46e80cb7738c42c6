r"""A regex as the positions that a match goes through, and how it gets from one to the next.

First the syntax tree becomes a graph with edges that read a character, and edges that read none
but may look at what comes next: the end, or one of a set (a look-ahead for one character is such
a set). Then each edge that reads is a *position*, and what leads from one position to the next
without reading is counted: once, or more than once. That is the whole of ambiguity: ``(a+)+`` gets
from ``a`` to ``a`` in two ways, through the inner repeat and through the outer one.

Not all can be said so. `Graph.approximate` names what was read too widely: the graph then has
every way there is, and some that are none.

- Look-arounds, atomic groups: what is inside is tried by itself, and given back as a whole. Where
  it could backtrack badly, it is a side track (`Position.world`) with an end of its own. On the
  main track a look-around is passed over; an atomic group's positions are marked, because what it
  took is never taken back.
- Back-references read what their group might; ``\b`` and look-behinds are passed over.
- Counted repeats are written out up to `_COPIES` times, and beyond that taken as endless.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tornkit.regex.backtracking.budget import Budget, TooMuch
from tornkit.regex.backtracking.shape import (
    CHARACTERS,
    UNLIMITED,
    Items,
    inner_flags,
    is_rigid,
    is_suspicious,
    mask_of_item,
    takes_one,
)
from tornkit.regex.patterns.pattern import parsed

END = 1 << 256
"""The bit, above those of the characters, for "nothing comes next"."""
_ALWAYS = END | (END - 1)
_COPIES = 16
_MOST_STATES = 30_000


@dataclass(frozen=True)
class Position:
    """A place that reads one character.

    ``atoms`` are the atomic groups around it. ``world`` is 0, or the side track that it is on.
    """

    mask: int
    source: int
    target: int
    atoms: frozenset[int]
    world: int


@dataclass(frozen=True)
class Edge:
    """Edge to ``target`` on each character of ``once``, in several ways on those of ``twice``."""

    target: int
    once: int
    twice: int


@dataclass
class Graph:
    """Positions of a regex, and the edges from one to the next.

    ``edges[p]`` lead on from position p; position 0 is the start and reads nothing. ``accepts[p]``:
    with what next (a mask with `END`) the match, or the side track, is done. ``approximate``: for
    each world in which something was read too widely, what it was.
    """

    positions: list[Position]
    edges: list[tuple[Edge, ...]]
    accepts: list[int]
    approximate: dict[int, str]


def graph_of(regex: re.Pattern[str], universe: int, budget: Budget) -> Graph:
    """The graph of a regex over the characters of ``universe``.

    :raises TooMuch: it would be too large.
    :raises RecursionError: it is nested too deep.
    """
    drawing = _Drawing(universe)
    end = drawing.sequence(parsed(regex), regex.flags, drawing.start)
    drawing.finals[end] = 0
    return _GraphWalk(drawing, budget).graph()


@dataclass
class _Drawing:
    """The first graph: states are numbers, ``silent`` edges read nothing."""

    universe: int
    start: int = 0
    silent: dict[int, list[tuple[int, int]]] = field(default_factory=lambda: defaultdict(list))
    reading: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    positions: list[Position] = field(default_factory=list)
    finals: dict[int, int] = field(default_factory=dict)
    approximate: dict[int, str] = field(default_factory=dict)
    _states: int = 1
    _atoms: tuple[int, ...] = ()
    _loops: int = 0  # around what is being drawn
    _world: int = 0
    _marks: int = 0
    _groups: dict[int, tuple[Items, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.positions.append(Position(0, -1, self.start, frozenset(), 0))

    def state(self) -> int:
        self._states += 1
        if self._states > _MOST_STATES:
            raise TooMuch("it is too large")
        return self._states - 1

    def mark(self) -> int:
        self._marks += 1
        return self._marks

    def jump(self, source: int, target: int, guard: int = _ALWAYS) -> None:
        self.silent[source].append((target, guard))

    def roughly(self, what: str) -> None:
        self.approximate.setdefault(self._world, what)

    def sequence(self, items: Items, flags: int, start: int) -> int:
        """Draw ``items`` from ``start`` on; return the state behind them."""
        for operator, argument in items:
            start = self.item(str(operator), argument, flags, start)
        return start

    def item(self, operator: str, argument: Any, flags: int, start: int) -> int:
        match operator:
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN":
                return self.character(mask_of_item((operator, argument), flags), start)
            case "AT":
                return self.place(str(argument), start)
            case "SUBPATTERN":
                inside = inner_flags(argument, flags)
                if argument[0] is not None:
                    self._groups[argument[0]] = (argument[-1], inside)
                return self.sequence(argument[-1], inside, start)
            case "BRANCH":
                return self.branches(argument[1], flags, start)
            case "MAX_REPEAT" | "MIN_REPEAT":
                return self.repeat(argument, flags, start)
            case "POSSESSIVE_REPEAT":
                return self.atomic([("MAX_REPEAT", argument)], flags, start)
            case "ATOMIC_GROUP":
                return self.atomic(argument, flags, start)
            case "ASSERT" | "ASSERT_NOT":
                return self.look_around(operator, argument, flags, start)
            case "GROUPREF":
                self.roughly("a back-reference")
                group, inside = self._groups.get(argument, ([], flags))
                return self.sequence(group, inside, start)
            case "GROUPREF_EXISTS":
                self.roughly("a conditional group")
                return self.branches([argument[1], argument[2] or []], flags, start)
            case "FAILURE":
                return self.state()  # which nothing leads to
            case _:
                raise TooMuch(f"it has a part that is not known here ({operator})")

    def character(self, mask: int, start: int) -> int:
        end = self.state()
        self.reading[start].append(len(self.positions))
        atoms = frozenset(self._atoms)
        self.positions.append(Position(mask & self.universe, start, end, atoms, self._world))
        return end

    def place(self, where: str, start: int) -> int:
        end = self.state()
        if where in ("AT_END", "AT_END_STRING"):  # no character that can be sent is a line end
            self.jump(start, end, END)
            return end
        if not (where.startswith("AT_BEGINNING") and start == self.start):
            self.roughly("a beginning or a word boundary within it")
        self.jump(start, end)
        return end

    def branches(self, branches: list[Items], flags: int, start: int) -> int:
        end = self.state()
        for branch in branches:
            self.jump(self.sequence(branch, flags, self.entered(start)), end)
        return end

    def entered(self, start: int) -> int:
        """A state of its own behind ``start``, so that no loop leads back into what is before."""
        inside = self.state()
        self.jump(start, inside)
        return inside

    def repeat(self, argument: Any, flags: int, start: int, guard: int = _ALWAYS) -> int:
        """Draw a repeat, and return the state behind it. ``guard``: what may come next there."""
        low, high, body = int(argument[0]), int(argument[1]), argument[2]
        rigid = is_rigid(body)
        counted = UNLIMITED > high > _COPIES and not (rigid and low == high)
        looped = counted or high >= UNLIMITED
        if looped and not rigid:
            low = min(low, _COPIES)
        end = self.state()
        for _ in range(low - 1 if looped else low):
            start = self.sequence(body, flags, self.entered(start))
        if looped:
            if low == 0:
                self.jump(start, end, guard)
            # Rounds that are counted may be empty: any of them, which is another way each.
            doubly = counted and _may_be_empty(body)
            start = self.loop(body, flags, start, doubly=doubly)
        else:
            for _ in range(high - low):
                self.jump(start, end, guard)
                start = self.sequence(body, flags, self.entered(start))
        self.jump(start, end, guard)
        return end

    def loop(self, body: Items, flags: int, start: int, *, doubly: bool) -> int:
        """Draw a loop, gone through once or more often; return the state behind each round."""
        head = self.entered(start)
        self._loops += 1
        tail = self.sequence(body, flags, head)
        self._loops -= 1
        for _ in range(2 if doubly else 1):
            self.jump(tail, head)
        return tail

    def atomic(self, items: Items, flags: int, start: int) -> int:
        """Draw an atomic group, which gives nothing back; return the state behind it."""
        if len(items) == 1 and str(items[0][0]) == "MAX_REPEAT":
            low, high, body = items[0][1]
            if int(high) >= UNLIMITED and takes_one(body):
                # It goes on while it can, so what comes next is none of its own: that is exact.
                mask = mask_of_item(body[0], flags)
                return self.repeat((low, high, body), flags, start, _ALWAYS & ~mask)
        if is_rigid(items):
            return self.sequence(items, flags, start)
        self.roughly("an atomic group or a possessive repeat")
        self.side_track(items, flags, start)
        outer = self._atoms
        if not self._loops:  # which could go through it in more than one way, after all
            self._atoms = (*outer, self.mark())
        end = self.sequence(items, flags, self.entered(start))
        self._atoms = outer
        return end

    def look_around(self, operator: str, argument: Any, flags: int, start: int) -> int:
        direction, body = argument
        end = self.state()
        guard = _guard(body, flags) if direction > 0 else None
        if guard is None:
            self.roughly("a look-ahead" if direction > 0 else "a look-behind")
            self.side_track(body, flags, start)
            guard = _ALWAYS
        elif operator == "ASSERT_NOT":
            guard = _ALWAYS & ~guard
        self.jump(start, end, guard)
        return end

    def side_track(self, items: Items, flags: int, start: int) -> None:
        """Draw ``items`` with an end of their own, if they may backtrack badly by themselves."""
        if not is_suspicious(items, flags):
            return
        outer = self._world, self._atoms, self._loops
        self._world, self._atoms, self._loops = self.mark(), (), 0
        self.finals[self.sequence(items, flags, self.entered(start))] = self._world
        self._world, self._atoms, self._loops = outer


def _may_be_empty(items: Items) -> bool:
    for operator, argument in items:
        match str(operator):
            case "LITERAL" | "NOT_LITERAL" | "ANY" | "IN" | "FAILURE":
                return False
            case "MAX_REPEAT" | "MIN_REPEAT" | "POSSESSIVE_REPEAT":
                if argument[0] > 0 and not _may_be_empty(argument[-1]):
                    return False
            case "SUBPATTERN":
                if not _may_be_empty(argument[-1]):
                    return False
            case "ATOMIC_GROUP":
                if not _may_be_empty(argument):
                    return False
            case "BRANCH":
                if not any(map(_may_be_empty, argument[1])):
                    return False
    return True


def _guard(items: Items, flags: int) -> int | None:
    """Mask of what may come next where ``items`` match; None if one character does not decide.

    ``x`` -> x, ``$`` -> `END`, ``/|$`` -> both
    """
    if len(items) != 1:
        return None if items else _ALWAYS
    operator, argument = str(items[0][0]), items[0][1]
    if operator in CHARACTERS:
        return mask_of_item(items[0], flags)
    if operator == "AT":
        return END if str(argument) in ("AT_END", "AT_END_STRING") else None
    if operator == "SUBPATTERN":
        return _guard(argument[-1], inner_flags(argument, flags))
    if operator == "BRANCH":
        masks = [_guard(branch, flags) for branch in argument[1]]
        union = 0
        for mask in masks:
            if mask is None:
                return None
            union |= mask
        return union
    return None


@dataclass
class _GraphWalk:
    """Walk that makes a graph of the drawing: follows the silent edges from each position on."""

    drawing: _Drawing
    budget: Budget

    def graph(self) -> Graph:
        edges, accepts = [], []
        known: dict[tuple[int, int], tuple[tuple[Edge, ...], int]] = {}
        for position in self.drawing.positions:
            where = (position.target, position.world)
            if where not in known:
                known[where] = self.onward(*where)
            edges.append(known[where][0])
            accepts.append(known[where][1])
        return Graph(self.drawing.positions, edges, accepts, self.drawing.approximate)

    def onward(self, state: int, world: int) -> tuple[tuple[Edge, ...], int]:
        once: dict[int, int] = defaultdict(int)
        twice: dict[int, int] = defaultdict(int)
        accepts = 0
        for reached, guard in self.silently(state):
            if self.drawing.finals.get(reached) == world:
                accepts |= guard
            for number in self.drawing.reading.get(reached, ()):
                read = guard & self.drawing.positions[number].mask
                twice[number] |= once[number] & read
                once[number] |= read
        self.budget.spend(len(once))
        found = (Edge(number, mask, twice[number]) for number, mask in once.items() if mask)
        return tuple(found), accepts

    def silently(self, state: int) -> Iterator[tuple[int, int]]:
        """States reached from ``state`` without reading, once for each way, but at most twice.

        Each comes with its guard, a mask of what may come next. A way does not come by the same
        state twice: `re` leaves a repeat that matched nothing.
        """
        first: dict[int, int] = defaultdict(int)
        second: dict[int, int] = defaultdict(int)
        way: list[tuple[int, Iterator[tuple[int, int]], int]] = []
        on_the_way = {state}
        yield state, _ALWAYS
        way.append((state, iter(self.drawing.silent.get(state, ())), _ALWAYS))
        while way:
            current, onward, guard = way[-1]
            target, condition = next(onward, (-1, 0))
            if target < 0:
                way.pop()
                on_the_way.discard(current)
                continue
            self.budget.spend()
            passed = guard & condition
            new = passed & ~second[target]
            if target in on_the_way or not new:
                continue
            second[target] |= first[target] & passed
            first[target] |= passed
            yield target, new
            on_the_way.add(target)
            way.append((target, iter(self.drawing.silent.get(target, ())), new))
