"""Sees that a rule has been given another matcher or target, or a matcher another regex.

A table leaves rules out by what their regexes were, so it has to know of a change. To look at
10,000 rules for each request takes longer than asking them; so setting the attribute is counted
instead: `watch` gives `Rule` and `PathMatches` a ``__setattr__`` that does what it did and counts.
A program sees nothing of it. What objects set while they are being made is not counted; they are
made when they have the attribute that their ``__init__`` sets last.

Who writes to a rule's ``__dict__`` is not seen.
"""

from __future__ import annotations

from typing import Any

from tornado.routing import PathMatches, Rule

_DECIDE = {
    Rule: (frozenset({"matcher", "target", "__class__"}), "name"),
    PathMatches: (frozenset({"regex", "match", "__class__"}), "_group_count"),
}
"""What is counted, and what is set last."""

count = 0
"""How many edits there have been; another number than before means to look again."""

_watching = False


def watch() -> bool:
    """Count edits of rules and matchers from now on; False if their classes are not as expected."""
    global _watching  # noqa: PLW0603 - once a process
    if _watching:
        return True
    matcher = PathMatches("/")
    made = {Rule: Rule(matcher, object()), PathMatches: matcher}
    for kind, (_, last) in _DECIDE.items():
        if "__setattr__" in vars(kind) or last not in vars(made[kind]):
            return False
    for kind, (names, last) in _DECIDE.items():
        kind.__setattr__ = _counting(kind, names, last)  # type: ignore[method-assign]
    _watching = True
    return True


def _counting(kind: Any, names: frozenset[str], last: str) -> Any:
    def __setattr__(self: object, name: str, value: object) -> None:  # noqa: N807
        global count  # noqa: PLW0603
        if name in names and last in self.__dict__:
            count += 1
        # Not object's: a subclass may have another base that has one.
        super(kind, self).__setattr__(name, value)

    return __setattr__
