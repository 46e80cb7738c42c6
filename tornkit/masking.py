"""Text without what may be secret in it: passwords, tokens, and what stands behind such names.

``redis://:pw@host/0`` -> ``redis://:***@host/0``; a name that looks harmless is not enough to show
all, so texts are searched as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MASK = "***"

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


def is_secret_name(name: str) -> bool:
    """Whether a name looks like that of a secret, whose value is better not printed.

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
    """Pieces of the text, with a mask in the place of the value behind each secret name."""
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
