r"""Finds parameters as other frameworks write them, which a regex takes for plain text.

``/posts/<int:id>`` (Flask, Django, Bottle), ``/posts/:id`` (Express, Sinatra) and ``/posts/{id}``
(aiohttp, FastAPI) are valid regexes that match these very letters and no post. What is found is
text that is not escaped, outside of sets and of the syntax of groups; and only if the pattern
that was meant can be put together, and an example of it is a string that the regex refuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tornkit.regex.patterns.dots import dots_to_escape, with_escapes
from tornkit.regex.patterns.pattern import tokens
from tornkit.regex.patterns.sample import examples, host_examples

_NAME = r"[A-Za-z_][A-Za-z_0-9]*"
# Of a text in which escapes and sets are blank. A parameter ends where a segment does, or a label.
_PLACEHOLDER = re.compile(
    rf"""
    < (?P<angle> {_NAME} [^<>/]* ) >
    | \$? \{{ (?P<brace> \*? {_NAME} (?: [^{{}}/] | \{{[\d,]*\}} )* ) \}}
    | (?: ^\^? | (?<=[/.-]) | (?<=/\() ) : (?P<colon> {_NAME} ) (?! [\w:(] )
    | (?: ^\^? | (?<=[/.-]) ) : (?P<typed> {_NAME} ) (?= \( )
    """,
    re.VERBOSE,
)
# `(?P<name>`, `(?<=`, `(?P=name)`: an angle that is syntax.
_SYNTAX = re.compile(rf"\(\?(?:P?<(?:[=!]|{_NAME}>)|P[=>])")
_CONVERTER = re.compile(rf"(?P<kind>{_NAME})(?:\([^()]*\))?")
_BLANK = "\0"
_TYPES = {
    "int": r"\d+",
    "integer": r"\d+",
    "number": r"\d+",
    "float": r"\d+\.\d+",
    "uuid": r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "slug": r"[\w-]+",
    "path": r".+",
    "filepath": r".+",
    "any": r"[^/]+",
    "str": r"[^/]+",
    "string": r"[^/]+",
}


@dataclass(frozen=True)
class Placeholder:
    """Parameter of another framework's syntax in a regex, and the pattern that was meant.

    ``written`` is the parameter's text. ``meant`` is the whole pattern with groups in place of all
    parameters, as a string for Tornado; ``example`` matches that and not the regex.
    """

    written: str
    meant: str
    example: str


def placeholder(regex: re.Pattern[str], *, host: bool = False) -> Placeholder | None:
    r"""Find the first parameter of a path's or a ``host``'s pattern that is only text in a regex.

    >>> placeholder(re.compile(r"/posts/<int:id>$"))
    Placeholder(written='<int:id>', meant='/posts/(\\d+)', example='/posts/1')
    """
    if not any(mark in regex.pattern for mark in ":<{"):
        return None  # nearly all
    bare = _bare(regex)
    found = list(_PLACEHOLDER.finditer(bare))
    if not found:
        return None
    meant = "".join(_replaced(regex, bare, found, host=host)).removesuffix("$")
    flags = regex.flags & ~re.DEBUG
    try:
        intended = re.compile(f"{meant}$", flags)
    except re.error:
        return None
    dots = dots_to_escape(intended, host=host)
    meant = with_escapes(meant, dots)
    intended = re.compile(f"{meant}$", flags)
    texts = host_examples(intended) if host else (each.text for each in examples(intended))
    for text in texts:
        if not regex.match(text):
            first = found[0]
            return Placeholder(regex.pattern[first.start() : first.end()], meant, text)
    return None


def _bare(regex: re.Pattern[str]) -> str:
    """The pattern, as long as it is, with blanks for escapes, sets and the syntax of groups."""
    characters = list(_BLANK * len(regex.pattern))
    for place, element in tokens(regex):
        if len(element) == 1:
            characters[place] = element
    text = "".join(characters)
    return _SYNTAX.sub(lambda syntax: _BLANK * len(syntax[0]), text)


def _replaced(
    regex: re.Pattern[str], bare: str, found: list[re.Match[str]], *, host: bool
) -> Iterator[str]:
    """Pieces of the pattern, with a group for each parameter: named if the others are."""
    end = 0
    for each in found:
        yield regex.pattern[end : each.start()]
        kind = str(each.lastgroup)
        inside = regex.pattern[each.start(kind) : each.end(kind)]
        name, expression = _meaning(kind, inside, "[^.]+" if host else "[^/]+")
        around = (bare[each.start() - 1 : each.start()], bare[each.end() : each.end() + 1])
        if around == ("(", ")"):
            yield expression
        elif kind != "typed":  # else the group that follows is the parameter's: `:id(\d+)`
            yield f"(?P<{name}>{expression})" if regex.groupindex else f"({expression})"
        end = each.end()
    yield regex.pattern[end:]


def _meaning(kind: str, inside: str, anything: str) -> tuple[str, str]:
    """The parameter's name, and the regex of what it takes."""
    if inside.startswith("*") or inside.endswith("*"):  # `{*rest}`, `{rest*}`
        return inside.strip("*"), ".+"
    before, colon, after = inside.partition(":")
    if not colon:
        return before.rstrip("?"), anything
    if after.startswith("re:"):  # Bottle's `<name:re:[a-z]+>`
        return before, after.removeprefix("re:")
    # `<int:id>` has its type in front, `{id:int}` behind.
    for name, converter in ((after, before), (before, after)):
        type_ = _CONVERTER.fullmatch(converter)
        if type_ is not None and type_["kind"] in _TYPES and re.fullmatch(_NAME, name):
            known = _TYPES[type_["kind"]]
            return name, anything if known == _TYPES["any"] else known
    if kind == "angle" and re.fullmatch(_NAME, after):  # a converter of one's own
        return after, anything
    return before, after
