"""Recognizes errors of a program that may mean: another process holds its port, lock or file.

In the worker, which alone has the error: its number and text, the file that it names, the argument
of the ``bind`` that was refused, the files that are open. From that `of_error` makes a text in
which `tornkit.serve.supervisor.holdings` looks for what others hold::

    OSError: [Errno 98] Address already in use   ->   address
                                                      [Errno 98] Address already in use
                                                      ('127.0.0.1', 9999)

Nothing is watched for it while a program runs well.
"""

from __future__ import annotations

import ast
import contextlib
import errno
import linecache
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from types import FrameType, TracebackType

from tornkit import linux
from tornkit.errors import TornkitError

# What was asked for: the first line of a text.
ADDRESS, LOCK, SILENT = "address", "lock", "silent"

_SORTS = {
    errno.EADDRINUSE: ADDRESS,
    errno.EAGAIN: LOCK,  # flock(2), lockf(3)
    errno.EEXIST: LOCK,  # open(2) with O_EXCL, mkdir(2), symlink(2)
    errno.EBUSY: LOCK,
    errno.ETXTBSY: LOCK,
}
# Libraries have errors of their own, without a number: SQLite, filelock, gRPC, ZeroMQ, DuckDB.
_ADDRESS_WORDS = re.compile(
    r"address (already )?in use|bind to address|port .*in use", re.IGNORECASE
)
_LOCK_WORDS = re.compile(
    r"\b(lock(ed)?|busy|in use|already (running|open(ed)?|started|exists)"
    r"|another (instance|process))\b",
    re.IGNORECASE,
)
# Of a mistake in the code, whose text may hold such a word as a name.
_MISTAKES = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, NameError),
    *(SyntaxError, TypeError),
)
_ERRNO = re.compile(r"\[Errno \d+\]")
_LONGEST = 8000  # characters; a message of a process has its limit


def of_error(error: BaseException) -> str:
    """Text on the refused port or lock behind a program's error; empty if it is no refusal."""
    sort = ""
    texts = []
    for each in chain(error):
        if isinstance(each, TornkitError):  # says what another of the chain says
            continue
        said = f"{each}"
        sort = sort or _sort_of(each, said)
        texts.append(_ERRNO.sub("", said))
        texts += (str(name) for name in _file_names(each))
        texts += _bound(each.__traceback__)
    if not sort:
        return ""
    if sort == LOCK:
        texts += _open_files()
    return "\n".join((sort, *texts))[:_LONGEST]


def of_failure(error: BaseException) -> str:
    """Text on the refused port or lock behind a worker's error; empty if it is no refusal.

    A program that exits before it serves has a reason, though it may not say it: its text has the
    sort ``silent``.
    """
    found = of_error(error)
    exits = [each for each in chain(error) if isinstance(each, SystemExit) and each.code]
    return found or (f"{SILENT}\n{exits[0]}" if exits else "")


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, its causes, and the errors that were being handled when it was raised."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        current = current.__cause__ or current.__context__


def _sort_of(error: BaseException, said: str) -> str:
    # ZeroMQ's is no OSError, and has the same numbers.
    number = getattr(error, "errno", None)
    if isinstance(number, int) and number in _SORTS:
        return _SORTS[number]
    if isinstance(error, _MISTAKES):
        return ""
    if _ADDRESS_WORDS.search(said):
        return ADDRESS
    return LOCK if _LOCK_WORDS.search(said) else ""


def _file_names(error: BaseException) -> Iterator[Path]:
    for name in (getattr(error, "filename", None), getattr(error, "lock_file", None)):
        if isinstance(name, str | os.PathLike) and str(name):
            yield Path(name).absolute()


def _open_files() -> Iterator[str]:
    """The regular files that this process has open (Linux)."""
    with contextlib.suppress(OSError):
        for entry in (linux.PROC / "self/fd").iterdir():
            with contextlib.suppress(OSError):  # the listing's own
                if stat.S_ISREG(entry.stat().st_mode):
                    yield str(entry.readlink())


# ---- what was bound ----


def _bound(traceback: TracebackType | None) -> Iterator[str]:
    """Address given to the ``bind`` call at which a traceback ends, as ``repr``; else nothing.

    The error of ``socket.bind`` does not tell it. Read from the source and the frame's variables:
    nothing is called.
    """
    if traceback is None:
        return
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    call = _call_at(traceback)
    if call is not None and isinstance(call.func, ast.Attribute) and call.func.attr == "bind":
        for argument in call.args:
            with contextlib.suppress(_Unknown):
                yield repr(_value(argument, traceback.tb_frame))


def _call_at(traceback: TracebackType) -> ast.Call | None:
    frame = traceback.tb_frame
    positions = list(frame.f_code.co_positions())[traceback.tb_lasti // 2]
    first, last, start, end = positions
    if first is None or last is None or start is None or end is None:  # python -X no_debug_ranges
        return None
    lines = linecache.getlines(frame.f_code.co_filename, frame.f_globals)[first - 1 : last]
    encoded = [line.encode() for line in lines]
    if not encoded:
        return None
    encoded[-1] = encoded[-1][:end]
    encoded[0] = encoded[0][start:]
    try:
        tree = ast.parse(b"(" + b"".join(encoded) + b")", mode="eval")
    except (SyntaxError, ValueError):  # the file has changed since
        return None
    return tree.body if isinstance(tree.body, ast.Call) else None


class _Unknown(Exception):
    """Value that can't be known without running code."""


def _value(node: ast.expr, frame: FrameType) -> object:
    match node:
        case ast.Constant(value):
            return value
        case ast.Tuple(elements):
            return tuple(_value(each, frame) for each in elements)
        case ast.Name(name):
            for names in (frame.f_locals, frame.f_globals):
                if name in names:
                    return _plain(names[name])
        case ast.Attribute(ast.Name(name), attribute) if name in frame.f_locals:
            try:
                return _plain(object.__getattribute__(frame.f_locals[name], "__dict__")[attribute])
            except (AttributeError, KeyError):
                raise _Unknown from None
        case _:
            pass
    raise _Unknown


def _plain(value: object) -> object:
    """The value, if it is an int, str or bytes, or a tuple of these; a list becomes a tuple.

    The ``repr`` of such a value does not run foreign code.

    :raises _Unknown: it is of another type.
    """
    if type(value) in (tuple, list) and isinstance(value, tuple | list):
        return tuple(_plain(each) for each in value)
    if type(value) in (int, str, bytes):
        return value
    raise _Unknown
