"""An exception as data: what was raised, where, with the source and the variables there.

Nothing of the user's is called: a variable is shown by its type (`routing.reading.values`), and
what is or holds a secret, by its name or by its looks, is masked.
"""

from __future__ import annotations

import linecache
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FrameType

from tornkit.appload.usertrace import without_machinery
from tornkit.masking import masked
from tornkit.ownership import is_user_file
from tornkit.routing.reading.code_masking import without_secrets
from tornkit.routing.reading.values import shown

_AROUND = 4  # lines of source before and behind the one that counts
_MOST_FRAMES = 60  # of one exception: a recursion has a thousand
_MOST_VARIABLES = 40
_MOST_CHAINED = 10
_LONGEST_MESSAGE = 4000  # characters
_LONGEST_LINE = 400
_BEFORE = 40  # lines in which a statement may have begun that reaches the first one shown


@dataclass(frozen=True)
class SourceLine:
    """Line of source shown with a frame; ``is_reached``: execution had reached this line."""

    number: int
    text: str
    is_reached: bool


@dataclass(frozen=True)
class ShownFrame:
    """A frame of a traceback. ``is_users``: neither a library's nor Python's."""

    file: str
    line: int
    function: str
    is_users: bool
    source: tuple[SourceLine, ...]
    variables: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Raised:
    """One exception of a chain. ``origin`` says what it is to the next one, "" for the last.

    ``left_out`` counts the frames in the middle that are not shown.
    """

    kind: str
    message: str
    frames: tuple[ShownFrame, ...]
    left_out: int = 0
    origin: str = ""


@dataclass(frozen=True)
class Failure:
    """An uncaught exception with its causes and contexts, the first raised first."""

    chain: tuple[Raised, ...]

    @property
    def last(self) -> Raised:
        """The exception that was not caught."""
        return self.chain[-1]


def failure_of(error: BaseException) -> Failure:
    """Turn an exception, with its causes and contexts, into data."""
    chain = [_raised(each, origin) for each, origin in _chain(error)]
    return Failure(tuple(reversed(chain)))


def _chain(error: BaseException) -> Iterator[tuple[BaseException, str]]:
    """The exception, its cause or context, and so on, each with its relation to the one before."""
    seen: set[int] = set()
    each: BaseException | None = error
    origin = ""
    while each is not None and id(each) not in seen and len(seen) < _MOST_CHAINED:
        seen.add(id(each))
        yield each, origin
        if each.__cause__ is not None:
            each, origin = each.__cause__, "Its direct cause"
        elif not each.__suppress_context__:
            each, origin = each.__context__, "It was raised while this was handled"
        else:
            return


def _raised(error: BaseException, origin: str) -> Raised:
    frames_there = list(traceback.walk_tb(error.__traceback__))
    found = without_machinery(frames_there, lambda place: place[0].f_code.co_filename)
    left_out = max(0, len(found) - _MOST_FRAMES)
    if left_out:
        half = _MOST_FRAMES // 2
        found = found[:half] + found[-half:]
    frames = [_frame(frame, line) for frame, line in found]
    if (
        isinstance(error, SyntaxError)
        and isinstance(error.filename, str)
        and isinstance(error.lineno, int)
    ):
        frames.append(_place(error.filename, error.lineno))
    return Raised(_kind(error), _message(error), tuple(frames), left_out, origin)


def _kind(error: BaseException) -> str:
    kind = type(error)
    module = kind.__module__
    return (
        kind.__qualname__ if module in ("builtins", "__main__") else f"{module}.{kind.__qualname__}"
    )


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except BaseException as own:  # noqa: BLE001 - an exception of the user's may do anything
        text = f"<its text can't be made: {type(own).__name__}>"
    notes = getattr(error, "__notes__", ())
    if isinstance(notes, list | tuple):
        text = "\n".join([text, *(note for note in notes if isinstance(note, str))])
    return masked(text[:_LONGEST_MESSAGE])


def _frame(frame: FrameType, line: int) -> ShownFrame:
    code = frame.f_code
    return ShownFrame(
        code.co_filename,
        line,
        getattr(code, "co_qualname", code.co_name),
        is_user_file(code.co_filename),
        _source(code.co_filename, line, frame.f_globals),
        _variables(frame),
    )


def _place(file: str, line: int) -> ShownFrame:
    return ShownFrame(file, line, "", is_user_file(file), _source(file, line, None), ())


def _source(file: str, line: int, variables: Mapping[str, object] | None) -> tuple[SourceLine, ...]:
    linecache.checkcache(file)
    lines = linecache.getlines(file, dict(variables) if variables is not None else None)
    first = max(1, line - _AROUND)
    last = min(len(lines), line + _AROUND)
    begin = max(0, first - 1 - _BEFORE)
    shown_lines = without_secrets([each.rstrip("\n")[:_LONGEST_LINE] for each in lines[begin:last]])
    return tuple(
        SourceLine(number, shown_lines[number - 1 - begin], number == line)
        for number in range(first, last + 1)
    )


def _variables(frame: FrameType) -> tuple[tuple[str, str], ...]:
    found = frame.f_locals
    names = [name for name in found if not name.startswith("__")][:_MOST_VARIABLES]
    return tuple((name, shown(name, found[name])) for name in names)
