"""Extends a Content Security Policy to allow the pages' script, and nothing else.

The rules are those of the W3C's "Content Security Policy Level 3": the first directive of a name
counts, ``worker-src`` falls back to ``child-src``, that to the one for scripts, ``connect-src`` to
``default-src``; every policy of a page has to allow what is loaded.
"""

from __future__ import annotations

from dataclasses import dataclass

_SCRIPTS = ("script-src-elem", "script-src", "default-src")
_WORKERS = ("worker-src", "child-src", "script-src", "default-src")
_CONNECTIONS = ("connect-src", "default-src")


@dataclass(frozen=True)
class Room:
    """A policy that allows the script: its text, and the nonce that the script has to have."""

    policy: str
    nonce: str = ""


def with_room(policy: str, script: str, folder: str) -> Room | None:
    """Extend a header's policies so that they allow the script; None where that is impossible.

    ``script`` is the script's URL, ``folder`` that of all that it asks for, with "/" at its end.
    """
    made: list[str] = []
    nonces: set[str] = set()
    for each in policy.split(","):
        if not each.strip():
            continue
        room = _with_room(each, script, folder)
        if room is None:
            return None
        made.append(room.policy)
        nonces.add(room.nonce)
    nonces.discard("")
    if len(nonces) > 1:
        return None  # a script has one
    return Room(", ".join(made), nonces.pop() if nonces else "")


def _with_room(policy: str, script: str, folder: str) -> Room | None:
    directives: dict[str, list[str]] = {}
    for text in policy.split(";"):
        name, *sources = text.split() or [""]
        if name and name.lower() not in directives:
            directives[name.lower()] = sources
    sandbox = directives.get("sandbox")
    if sandbox is not None and not {"allow-scripts", "allow-same-origin"} <= set(sandbox):
        return None
    scripts = _effective(directives, _SCRIPTS)
    nonce = next((each[7:-1] for each in scripts or () if each.startswith("'nonce-")), "")
    if not nonce and scripts is not None:
        if "'strict-dynamic'" in scripts:
            return None  # no URL counts then
        _allow(directives, _SCRIPTS, script)
    _allow(directives, _WORKERS, script)
    _allow(directives, _CONNECTIONS, folder)
    text = "; ".join(" ".join((name, *sources)) for name, sources in directives.items())
    return Room(text, nonce)


def _effective(directives: dict[str, list[str]], names: tuple[str, ...]) -> list[str] | None:
    """Sources of the first of these directives that is there; None: nothing is forbidden."""
    return next((directives[name] for name in names if name in directives), None)


def _allow(directives: dict[str, list[str]], names: tuple[str, ...], url: str) -> None:
    """Allow a URL of the page's own origin, where it is not allowed as such."""
    sources = _effective(directives, names)
    if sources is None or not {"'self'", "*", url}.isdisjoint(sources):
        return
    own = names[0] if names[0] != "script-src-elem" else "script-src"
    if "script-src-elem" in directives and own == "script-src":
        own = "script-src-elem"
    directives[own] = [*(each for each in sources if each != "'none'"), url]
