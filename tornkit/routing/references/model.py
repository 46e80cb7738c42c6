"""Calls of ``reverse_url`` in an application's code, as frozen values."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from tornkit.routing.model import Source


class Receiver(enum.Enum):
    """Object whose ``reverse_url`` a call asks.

    A handler's leads to its application's, and a template's bare ``reverse_url`` is the
    handler's (``RequestHandler.get_template_namespace``).
    """

    SELF = "self"
    HANDLER = "handler"
    APPLICATION = "application"
    TEMPLATE = "template"


@dataclass(frozen=True)
class Use:
    """One call of ``reverse_url``, or one `functools.partial` that gives it the name.

    ``names`` are all that the name may be, as far as that is written down; ``arguments`` counts
    the positional ones behind it, None where that, or the name, is not known (so no names and 0
    arguments is a call without a name). ``keywords`` are the names of
    keyword arguments, which Tornado's takes none of but ``name``. ``judged`` is set where an
    earlier use, the partial, gave the name. ``within`` is the class it stands in, ``expects``
    the exceptions that the code around it is ready for.
    """

    source: Source
    asked: Receiver
    names: tuple[str, ...] = ()
    arguments: int | None = None
    keywords: tuple[str, ...] = ()
    judged: bool = False
    within: str | None = None
    expects: frozenset[str] = frozenset()


class Forwards(enum.IntEnum):
    """Arguments that a replacement hands on to Tornado's ``reverse_url`` unchanged."""

    NOTHING = 0
    NAME = 1
    ALL = 2


@dataclass(frozen=True)
class Replacement:
    """A ``reverse_url`` of the user's own.

    It answers for ``asked``, and for ``self`` in the methods of ``classes``. ``source`` is None
    where its code is not the user's.
    """

    source: Source | None
    label: str
    forwards: Forwards = Forwards.NOTHING
    asked: frozenset[Receiver] = frozenset()
    classes: frozenset[str] = frozenset()

    def answers(self, use: Use) -> bool:
        """Whether ``use`` may call this replacement rather than Tornado's ``reverse_url``."""
        return use.asked in self.asked or (
            use.asked is Receiver.SELF and use.within in self.classes
        )


@dataclass(frozen=True)
class Unread:
    """A file that holds ``reverse_url`` and could not be read."""

    source: Source
    reason: str


@dataclass(frozen=True)
class References:
    """Calls and replacements in the files of one program, in the order of files and lines.

    ``matchers`` are classes with a ``reverse`` of their own, so that the number of arguments
    may be any.
    """

    uses: tuple[Use, ...] = ()
    unread: tuple[Unread, ...] = ()
    replacements: tuple[Replacement, ...] = ()
    matchers: tuple[Source, ...] = ()

    @property
    def dynamic(self) -> int:
        """Number of uses that take a name which is only known when the program runs."""
        return sum(not use.names for use in self.uses)
