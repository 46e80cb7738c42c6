"""Test whether a function can be called with certain arguments, and what is wrong if not.

As Python binds a call (Language Reference, "Calls"), for the two ways in which Tornado calls
what is the user's: groups all by position, or all by name.
"""

from __future__ import annotations

from collections.abc import Sequence

from tornkit.routing.model import Parameter, ParameterKind

_BY_POSITION = (ParameterKind.POSITIONAL_ONLY, ParameterKind.EITHER)
_BY_NAME = (ParameterKind.EITHER, ParameterKind.KEYWORD_ONLY)


def unfit(parameters: Sequence[Parameter], given: int, names: Sequence[str]) -> str | None:
    """Reason why a call with ``given`` positional arguments and keywords ``names`` fails.

    The end of a sentence that begins with the function; None if the call can be made.

    >>> unfit([Parameter("slug")], 2, [])
    'takes only 1 argument and is given 2'
    """
    positional = [each for each in parameters if each.kind in _BY_POSITION]
    rest = any(each.kind is ParameterKind.REST for each in parameters)
    if given > len(positional) and not rest:
        return f"takes {_at_most(len(positional))} and is given {given}"
    filled = {each.name for each in positional[:given]}
    taken_by_name = {each.name for each in parameters if each.kind in _BY_NAME}
    twice = [name for name in names if name in filled & taken_by_name]
    if twice:
        return f"is given {listed(twice)} twice"
    if not any(each.kind is ParameterKind.KEYWORDS for each in parameters):
        unknown = [name for name in names if name not in taken_by_name]
        if unknown:
            return f"takes no {listed(unknown)}"
    by_name = taken_by_name & set(names)
    missing = [e for e in parameters if e.required and e.name not in filled | by_name]
    if missing:
        return f"needs {listed([each.name for each in missing])} and is not given {_it(missing)}"
    return None


def spelled(name: str, parameters: Sequence[Parameter]) -> str:
    """Signature as a reader would write it: ``get(slug, page=...)``."""
    words: list[str] = []
    previous = None
    for each in parameters:
        if previous is ParameterKind.POSITIONAL_ONLY and each.kind is not previous:
            words.append("/")
        starred = previous in (ParameterKind.REST, ParameterKind.KEYWORD_ONLY)
        if each.kind is ParameterKind.KEYWORD_ONLY and not starred:
            words.append("*")
        words.append(_spelled(each))
        previous = each.kind
    if previous is ParameterKind.POSITIONAL_ONLY:
        words.append("/")
    return f"{name}({', '.join(words)})"


def _spelled(parameter: Parameter) -> str:
    match parameter.kind:
        case ParameterKind.REST:
            return f"*{parameter.name}"
        case ParameterKind.KEYWORDS:
            return f"**{parameter.name}"
        case _:
            return parameter.name if parameter.required else f"{parameter.name}=..."


def _at_most(count: int) -> str:
    if count == 0:
        return "no argument"
    return "only 1 argument" if count == 1 else f"only {count} arguments"


def listed(names: Sequence[str]) -> str:
    """Quoted names in a sentence: ``'a', 'b' and 'c'``. There has to be one."""
    quoted = [repr(name) for name in names]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _it(things: Sequence[object]) -> str:
    return "it" if len(things) == 1 else "them"
