"""Signed cookies and XSRF tokens for frameworks that leave these to others.

The token is a random one, signed, in a cookie and in the form: what starlette-csrf and its like do.
"""

import hashlib
import hmac
import secrets

from content import SECRET, USER
from itsdangerous import BadSignature, Signer, TimestampSigner

_MAX_AGE = 31 * 86400  # seconds; Tornado's

# HMAC-SHA256 as Tornado has it, instead of itsdangerous's SHA-1.
_users = TimestampSigner(SECRET, salt="user", digest_method=hashlib.sha256)
_tokens = Signer(SECRET, salt="xsrf", digest_method=hashlib.sha256)


def user_cookie():
    return _users.sign(USER).decode()


def signed_in_user(cookie):
    """The user's name, or None for a cookie that is missing, old or not ours."""
    try:
        return _users.unsign(cookie, max_age=_MAX_AGE).decode() if cookie else None
    except BadSignature:
        return None


def new_token():
    return _tokens.sign(secrets.token_hex(16)).decode()


def form(token):
    return f'<input type="hidden" name="_xsrf" value="{token}"/>'


def is_allowed(cookie, field):
    """Whether the form's token is the cookie's, and ours."""
    return bool(
        cookie and field and hmac.compare_digest(cookie, field) and _tokens.validate(cookie)
    )
