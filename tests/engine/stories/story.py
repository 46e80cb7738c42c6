"""Stories as plain data: requests, and steps that are taken one after the other."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Request:
    """One request, and what its handler does by itself.

    ``kind`` is that of its handler (`apps`). ``during`` are calls that it makes in its first step,
    ``after`` those that it makes when it goes on after a wait. ``body``: bytes of its body, of
    which ``held`` are sent by a step of their own.
    """

    kind: str = "sync"
    method: str = "GET"
    body: int = 0
    held: int = 0
    during: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    close: bool = False


@dataclass(frozen=True)
class Step:
    """One thing that happens.

    ``what``: "send" these requests together on a connection, the "rest" of a request's body, a
    "call" by another callback of the loop, "go" on with a waiting handler, "stall" and "read" of a
    client, its "end", its "leave". Where ``rests``, both sides come to rest behind it.
    """

    what: str
    connection: int = 0
    requests: tuple[int, ...] = ()
    call: str = ""
    rests: bool = True

    def __str__(self) -> str:
        words = [self.what]
        if self.what in ("send", "stall", "read", "end", "leave"):
            words.append(f"connection {self.connection}")
        if self.requests:
            words.append("request " + ", ".join(map(str, self.requests)))
        if self.call:
            words.append(self.call)
        return " ".join(words) + ("" if self.rests else " (and at once)")


@dataclass(frozen=True)
class Story:
    """What is played. ``name`` tells where it is from."""

    requests: tuple[Request, ...]
    steps: tuple[Step, ...]
    name: str = ""

    def request(self, index: int) -> Request:
        """A request by its number; one more than there are asks for nothing special."""
        return self.requests[index] if index < len(self.requests) else Request()

    def __str__(self) -> str:
        used = sorted({index for step in self.steps for index in step.requests})
        lines = [f"story {self.name}"]
        lines += [f"  request {index}: {self.requests[index]}" for index in used]
        lines += [f"  {number}. {step}" for number, step in enumerate(self.steps)]
        return "\n".join(lines)
