"""Short text of a value of the user's, without what may be secret.

``{"db": "postgres://app:hunter2@db/app"}`` -> ``{'db': 'postgres://app:***@db/app'}``

Only values of built-in and standard types are shown by their own ``repr``; of anything else the
class is named, since a ``__repr__`` of the user's may be slow, raise, or tell a secret.
A name is enough to mask what stands under it, whatever it is; a name that looks harmless is not
enough to show all, so texts are searched as well.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import itertools
import pathlib
import re
import uuid
from collections.abc import Iterable, Iterator
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from tornkit.ownership import attribute
from tornkit.routing.reading.source import dotted_name

MASK = "***"
WIDTH = 60
# What is not looked at is not shown: a text that is longer, a container's elements beyond these.
_LONGEST_TEXT = 2000
_MOST_ELEMENTS = 6
_DEEPEST = 4

_SECRET_WORDS = {
    *("secret", "secrets", "private", "salt", "signature", "jwt", "bearer", "session"),
    *("token", "tokens", "key", "keys", "pin", "cookie", "cookies", "auth", "authorization"),
    *("password", "passwords", "passwd", "passphrase", "passcode", "pass", "pwd", "pw"),
    *("credential", "credentials", "creds", "cred"),
}
# Written in one word with others (`cookiesecret`, `APIKEY`); short ones would be in `author`.
_SECRET_PARTS = re.compile(
    r"secret|token|passw|passphrase|credential|api_?key|access_?key|private_?key", re.I
)
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")

# Up to the last @ that could end it: a password with a slash in it is masked whole. A path has
# one slash of two left; `user:password@host` is one without a scheme.
_URL_PASSWORD = re.compile(r"""(:/+[^\s:/?#@]*|(?<![^\s"'=])[\w.+-]{1,64}(?=:[^/])):\S{0,400}@""")
_NAME = re.compile(r"""(?<![\w.-])(?P<name>[\w.-]{1,64})(?P<sign>["']?\s*(?P<mark>[=:])\s*)""")
# A value: in quotes; of a header or a message, which may have spaces, up to the end of its part; of
# a query or an assignment.
_QUOTED_VALUE = re.compile(
    r"""([rbfuRBFU]{0,2})(?P<quote>["'])(?:\\.|(?!(?P=quote)).)*(?P=quote)?"""
)
_SPACED_VALUE = re.compile(r"[^\n;,&}\])]+")
_PLAIN_VALUE = re.compile(r"[^\s&;,]+")
# What well-known services and formats issue, recognised by its look alone.
_ISSUED = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{8,}\.[\w-]+"  # a JSON web token
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{12,}|\bgh[a-z]_\w{16,}|\bgithub_pat_\w{16,}|\bxox[a-z]-[\w-]{10,}"
    r"|\b[sr]k_(?:live|test)_\w{10,}|\bAIza[\w-]{20,}|\bglpat-[\w-]{16,}"
    r"|\b(?:Basic|Bearer) +[\w+/=.~-]{8,}"
)

_TEXTS: tuple[type, ...] = (str, bytes, bytearray)
_NUMBERS: tuple[type, ...] = (int, float, complex, decimal.Decimal, uuid.UUID)
_MOMENTS: tuple[type, ...] = (
    datetime.date,
    datetime.time,
    datetime.datetime,
    datetime.timedelta,
    datetime.timezone,
)
_NAMED: tuple[type, ...] = (type, FunctionType, BuiltinFunctionType, MethodType)
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    dict: ("{", "}"),
    set: ("{", "}"),
    frozenset: ("{", "}"),
}


def shown(name: str, value: object) -> str:
    """``value`` on one line of at most `WIDTH` characters; masked if ``name`` says it is secret."""
    text = _under(name, value, _DEEPEST)
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def is_secret_name(name: str) -> bool:
    """Whether what is called so is better not printed.

    ``cookie_secret``, ``apiKey`` and ``AUTH`` are; ``author`` and ``monkey`` are not.
    """
    if name.endswith(("Error", "Exception", "Warning")):  # ``KeyError: 'a'``
        return False
    words = {word.lower() for word in _WORDS.findall(name)}
    return bool(words & _SECRET_WORDS) or _SECRET_PARTS.search(name) is not None


def masked(text: str) -> str:
    """``text`` without the passwords in its URLs and ``name=value`` pairs.

    ``redis://:pw@host/0`` -> ``redis://:***@host/0``; ``/in?token=x`` -> ``/in?token=***``. What
    is a token as a whole is masked as a whole.
    """
    if _ISSUED.search(text):
        return MASK
    text = _URL_PASSWORD.sub(rf"\1:{MASK}@", text)
    return "".join(_masked_pairs(text))


def _masked_pairs(text: str) -> Iterator[str]:
    """The text in pieces, with a mask in the place of what stands behind each secret name."""
    place = 0
    while (found := _NAME.search(text, place)) is not None:
        yield text[place : found.end()]
        place = found.end()
        if is_secret_name(found["name"]):
            kinds = (_QUOTED_VALUE, _SPACED_VALUE if found["mark"] == ":" else _PLAIN_VALUE)
            value = kinds[0].match(text, place) or kinds[1].match(text, place)
            if value is not None:
                quote = value.groupdict().get("quote") or ""
                yield f"{quote}{MASK}{quote}"
                place = value.end()
    yield text[place:]


def _under(name: str, value: object, depth: int) -> str:
    """The class of an object tells no secret, nor does None or a switch."""
    kind = type(value)
    tells = kind in _TEXTS or kind in _NUMBERS or kind in _BRACKETS
    return repr(MASK) if tells and is_secret_name(name) else _plain(value, depth)


def _plain(value: Any, depth: int) -> str:
    # By its type and never by isinstance, which asks the value for a `__class__` of its own.
    kind = type(value)
    if kind in _TEXTS:
        return _text(value)
    if kind in _BRACKETS:
        return _container(value, depth)
    if value is None or kind is bool or kind in _MOMENTS:
        return repr(value)
    if kind in _NUMBERS:
        return _number(value)
    if issubclass(kind, _NAMED):
        return dotted_name(value)
    if issubclass(kind, enum.Enum):
        return f"{kind.__qualname__}.{vars(value).get('_name_')}"
    if issubclass(kind, pathlib.PurePath) and kind.__module__.partition(".")[0] == "pathlib":
        return f"{kind.__name__}({masked(str(value))!r})"
    if kind is re.Pattern:
        return f"re.compile({_text(value.pattern)})"
    if issubclass(kind, ModuleType):
        return f"<module {attribute(value, '__name__')}>"
    return f"<{_class_name(kind)}>"


def _class_name(kind: type) -> str:
    """A class's name, past what a metaclass would make of the question."""
    name = type.__dict__["__qualname__"].__get__(kind)
    module = type.__dict__["__module__"].__get__(kind)
    return f"{module}.{name}" if isinstance(module, str) and module != "builtins" else str(name)


def _container(value: Any, depth: int) -> str:
    kind = type(value)
    opening, closing = _BRACKETS[kind]
    if depth == 0:
        return f"{opening}...{closing}"
    if kind is dict:
        parts = [_pair(key, inner, depth - 1) for key, inner in _first(value.items())]
    else:
        parts = [_plain(inner, depth - 1) for inner in _first(value)]
    if len(value) > len(parts):
        parts.append("...")
    comma = "," if kind is tuple and len(value) == 1 else ""
    text = f"{opening}{', '.join(parts)}{comma}{closing}"
    bare = kind is frozenset or (kind is set and not parts)
    return text if not bare else f"{kind.__name__}({text if parts else ''})"


def _first(items: Iterable[Any]) -> list[Any]:
    return list(itertools.islice(items, _MOST_ELEMENTS))


def _pair(key: object, value: object, depth: int) -> str:
    name = key.decode(errors="replace") if type(key) is bytes else key
    under = _under(name, value, depth) if type(name) is str else _plain(value, depth)
    return f"{_plain(key, 0)}: {under}"


def _text(value: Any) -> str:
    if len(value) > _LONGEST_TEXT:
        return f"<{type(value).__name__} of {len(value)}>"
    if type(value) is str:
        return repr(masked(value))
    # Latin-1 keeps every byte, so that nothing but the mask changes.
    kept = masked(bytes(value).decode("latin-1")).encode("latin-1")
    return repr(type(value)(kept))


def _number(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # an int of more digits than Python would write
        return f"<{type(value).__name__}>"
