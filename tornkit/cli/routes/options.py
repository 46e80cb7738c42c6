"""Options of ``tornkit routes`` as one value, and which of them exclude each other.

A setting in pyproject.toml or the environment holds for the actions that it means something to.
What was typed for another action is a mistake.
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass, replace

from tornkit.errors import UsageError


class Action(enum.Enum):
    """Action of the command; the value is its name in messages."""

    LIST = "the list"
    CHECK = "--check"
    MATCH = "--match"
    REVERSE = "--reverse"
    DIFF = "--diff"


_ACTIONS = {
    "check": Action.CHECK,
    "fix": Action.CHECK,
    "write_baseline": Action.CHECK,
    "match": Action.MATCH,
    "reverse": Action.REVERSE,
    "diff": Action.DIFF,
}
"""Options that say what to do; without one, it is the list."""

FORMATS = {
    Action.LIST: ("table", "tree", "json", "md", "csv", "openapi"),
    Action.CHECK: ("table", "json", "github", "sarif"),
    Action.MATCH: ("table", "json"),
    Action.REVERSE: ("table", "json"),
    Action.DIFF: ("table", "json", "md"),
}

_FILTERS = (Action.LIST,)
_BELONGS = {
    "grep": _FILTERS,
    "host": _FILTERS,
    "name": _FILTERS,
    "method": (*_FILTERS, Action.MATCH),
    "handler": _FILTERS,
    "origin": _FILTERS,
    "columns": (Action.LIST,),
    "sort": (Action.LIST,),
    "header": (Action.MATCH,),
    "arg": (Action.REVERSE,),
    "select": (Action.CHECK,),
    "ignore": (Action.CHECK,),
    "fail_on": (Action.CHECK,),
    "baseline": (Action.CHECK,),
    "yes": (Action.CHECK,),
}
"""Options that mean something to some actions alone."""

_WITH_COLUMNS = ("table", "tree", "md", "csv")


@dataclass(frozen=True)
class Options:
    """The command's options, named as its parameters; None or empty where not given."""

    format: str
    grep: str | None
    host: str | None
    name: str | None
    method: str | None
    handler: str | None
    origin: str | None
    columns: tuple[str, ...]
    sort: str
    match: str | None
    header: tuple[str, ...]
    reverse: str | None
    arg: tuple[str, ...]
    check: bool
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    fail_on: str
    baseline: str | None
    write_baseline: str | None
    fix: bool
    yes: bool
    diff: str | None

    @property
    def action(self) -> Action:
        """The action asked for; the list where there is none."""
        return next(iter(self.actions), Action.LIST)

    @property
    def actions(self) -> tuple[Action, ...]:
        """All actions that are asked for, each once; more than one is too many."""
        values = {name: getattr(self, name) for name in _ACTIONS}
        asked = (_ACTIONS[name] for name, value in values.items() if value not in (None, False))
        return tuple(dict.fromkeys(asked))


def settled(asked: Options, typed: Collection[str]) -> Options:
    """Check that the options of ``asked`` go together, and choose a format that the action has.

    :param typed: the parameters that stand on the command line.
    :raises UsageError: they do not go together.
    """
    if len(asked.actions) > 1:
        names = " and ".join(action.value for action in asked.actions)
        raise UsageError(f"{names} are different questions: ask one at a time")
    action = asked.action
    for name in typed:
        if action not in _BELONGS.get(name, (action,)):
            raise UsageError(_misplaced(name, action))
    if "yes" in typed and not asked.fix:
        raise UsageError("--yes goes with --fix")
    if asked.format not in FORMATS[action]:
        if "format" in typed:
            raise UsageError(_misformatted(asked.format, action))
        asked = replace(asked, format="table")
    if asked.fix and asked.format != "table":
        if "format" in typed:
            raise UsageError(f"--fix shows a diff and asks; it has no --format {asked.format}")
        asked = replace(asked, format="table")
    if asked.columns and action is Action.LIST and asked.format not in _WITH_COLUMNS:
        if "columns" in typed:
            formats = _listed(_WITH_COLUMNS, "and")
            raise UsageError(f"--format {asked.format} has no columns to choose; {formats} have")
        asked = replace(asked, columns=())
    return replace(asked, columns=chosen_columns(asked.columns))


def chosen_columns(words: Collection[str]) -> tuple[str, ...]:
    """Names of the columns that ``--columns`` asks for, each once.

    ``("index,name", "defined at")`` -> ``("index", "name", "source")``: a column is known by its
    name and by the heading that a table has for it.

    :raises UsageError: for a name that no column has.
    """
    if not words:
        return ()
    from tornkit.routing.render.rows import COLUMNS, column_called

    names = [name.strip() for word in words for name in word.split(",") if name.strip()]
    columns = []
    for name in names:
        column = column_called(name)
        if column is None:
            raise UsageError(f"no column {name.lower()!r}; there are {_listed(COLUMNS, 'and')}")
        columns.append(column)
    if not columns:
        raise UsageError(f"--columns names no column; there are {_listed(COLUMNS, 'and')}")
    return tuple(dict.fromkeys(columns))


def _misplaced(name: str, action: Action) -> str:
    option = f"--{name.replace('_', '-')}"
    belongs = " and ".join(each.value for each in _BELONGS[name])
    if name == "host" and action is Action.MATCH:
        return "--host filters the list; give --match a full URL, such as http://HOST/PATH"
    return f"{option} goes with {belongs}, not with {action.value}"


def _misformatted(format_: str, action: Action) -> str:
    others = [each.value for each in FORMATS if format_ in FORMATS[each]]
    return (
        f"--format {format_} goes with {' and '.join(others)}; "
        f"{action.value} has {_listed(FORMATS[action], 'and')}"
    )


def _listed(names: Collection[str], last: str) -> str:
    """Names joined as in ``a, b and c``."""
    *most, final = names
    return f"{', '.join(most)} {last} {final}" if most else final
