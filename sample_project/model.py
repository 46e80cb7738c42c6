"""What the board is about: topics, messages and users, and the rules for what may be written."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

# The topics are part of the routes (see TOPIC in routes.py), so an unknown one is a 404 before
# any handler runs.
TOPICS = {
    "general": "Anything that fits nowhere else",
    "help": "Questions, and with some luck answers",
    "showcase": "What you have built lately",
}

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{1,23}")
BODY_LIMIT = 2000

# Control characters other than line ends and tabs are of no use in a message, and some of them
# cannot be written in XML at all, which would break the feed.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class InputError(ValueError):
    """The text of this exception is written for the person who sent the data."""


@dataclass(frozen=True)
class User:
    name: str
    admin: bool


@dataclass(frozen=True)
class Message:
    id: int
    topic: str
    author: str
    body: str
    created: float

    @property
    def when(self) -> datetime:
        return datetime.fromtimestamp(int(self.created), UTC)


def clean_body(value: object) -> str:
    """The text of a message, or `InputError`. Each way in (form, API, chat) comes through here."""
    if not isinstance(value, str):
        raise InputError("The message must be a text.")
    body = _CONTROL.sub("", value.replace("\r\n", "\n")).strip()
    if not body:
        raise InputError("The message is empty.")
    if len(body) > BODY_LIMIT:
        raise InputError(f"The message is longer than {BODY_LIMIT} characters.")
    return body


def clean_name(value: object) -> str:
    if not isinstance(value, str) or not NAME.fullmatch(name := value.strip().lower()):
        raise InputError("A name is 2 to 24 letters, digits, dashes or underscores.")
    return name


def clean_topic(value: object) -> str:
    if not isinstance(value, str) or value not in TOPICS:
        raise InputError(f"The topic must be one of: {', '.join(TOPICS)}.")
    return value
