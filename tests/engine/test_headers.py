"""Headers that are read late are the same headers: every method, on blocks made at random."""

from __future__ import annotations

import copy
import pickle
import random
import time
from collections.abc import Callable
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders

from tests.marks import some_of_many
from tornkit.engine.headers import LazyHeaders, Lines

NAMES = [
    "Host", "Accept", "X-Y-Z", "x-y-z", "ETag", "e-tag", "COOKIE", "Set-Cookie", "a",
    "A!#$%&'*+",
]  # fmt: skip
VALUES = [
    "", "x", "a,b", "a, b", "x:y", ": x", "caf\xe9", "\xa0", "\x85", "  ", "x \t y", "a\tb",
    '"q"', "1", "X-Y-Z: 1", "*", "(.*)",
]  # fmt: skip
BLANKS = ["", " ", "\t", " \t  "]
# Also what is no header's name, and what would be an expression.
ASKED = [
    *NAMES, "x-y-Z", "HOST", "missing", "", ".*", "X-Y-", "Host:", "Accept: a", "(", "\n",
    "\xe9",
]  # fmt: skip
ASKED += ["X-Y-Z: 1", "Hos\u017f", "\u212a"]  # two letters that fold to s and k


def random_lines(random_: random.Random) -> str:
    return "".join(
        f"{random_.choice(NAMES)}:{random_.choice(BLANKS)}{random_.choice(VALUES)}"
        f"{random_.choice(BLANKS)}\r\n"
        for _ in range(random_.randrange(9))
    )


def outcome(act: Callable[[HTTPHeaders], Any], headers: HTTPHeaders) -> Any:
    """What comes of it, and what the headers are then."""
    try:
        result = act(headers)
    except Exception as error:  # noqa: BLE001 - which one is compared
        result = (type(error), error.args)
    if isinstance(result, HTTPHeaders):
        result = ("headers", list(result.get_all()))
    return result, list(headers.get_all()), dict(headers)


def acts(name: str) -> dict[str, Callable[[HTTPHeaders], Any]]:
    """Everything that one can do with headers, most with a header of this name."""

    def set_default(headers: HTTPHeaders) -> Any:
        return headers.setdefault(name, "default")

    def set_item(headers: HTTPHeaders) -> None:
        headers[name] = "new"

    def delete(headers: HTTPHeaders) -> None:
        del headers[name]

    def copied(headers: HTTPHeaders) -> Any:
        other = headers.copy()
        other["Copied"] = "yes"
        return other

    return {
        "[]": lambda headers: headers[name],
        "get": lambda headers: headers.get(name),
        "get with a default": lambda headers: headers.get(name, "default"),
        "in": lambda headers: name in headers,
        "in, of no text": lambda headers: 5 in headers,  # type: ignore[comparison-overlap]
        "get_list": lambda headers: headers.get_list(name),
        "get_all": lambda headers: list(headers.get_all()),
        "len": len,
        "bool": bool,
        "iter": list,
        "keys": lambda headers: list(headers.keys()),
        "values": lambda headers: list(headers.values()),
        "items": lambda headers: list(headers.items()),
        "str": str,
        "==": lambda headers: headers == HTTPHeaders(headers),
        "!=": lambda headers: headers != HTTPHeaders({"No": "such"}),
        "copy": copied,
        "copy.copy": copy.copy,
        "copy.deepcopy": copy.deepcopy,
        "pickle": lambda headers: pickle.loads(pickle.dumps(headers)),
        "HTTPHeaders()": HTTPHeaders,
        "add": lambda headers: headers.add(name, "more"),
        "add what may not be": lambda headers: headers.add(name, "a\nb"),
        "parse_line": lambda headers: headers.parse_line(f"{name}: parsed"),
        "set": set_item,
        "del": delete,
        "setdefault": set_default,
        "pop": lambda headers: headers.pop(name, None),
        "pop without a default": lambda headers: headers.pop(name),
        "popitem": lambda headers: headers.popitem(),
        "update": lambda headers: headers.update({name: "updated", "Other": "x"}),
        "clear": lambda headers: headers.clear(),
        "hasattr": lambda headers: hasattr(headers, "nothing_like_it"),
    }


@pytest.mark.parametrize("seed", some_of_many(10, ordinary=1))
def test_every_method_does_the_same(seed: int) -> None:
    random_ = random.Random(seed)
    for _ in range(30):
        lines = random_lines(random_)
        for name in ASKED:
            for what, act in acts(name).items():
                expected = outcome(act, HTTPHeaders.parse(lines))
                assert outcome(act, LazyHeaders(Lines(lines.encode("latin1")))) == expected, (
                    lines,
                    name,
                    what,
                )


@pytest.mark.parametrize("seed", some_of_many(10, ordinary=1))
def test_so_does_one_after_the_other(seed: int) -> None:
    random_ = random.Random(seed)
    for _ in range(200):
        lines = random_lines(random_)
        ours, theirs = LazyHeaders(Lines(lines.encode("latin1"))), HTTPHeaders.parse(lines)
        for _ in range(8):
            what, act = random_.choice(list(acts(random_.choice(ASKED)).items()))
            if what == "get_list":
                continue  # its result is the list itself, and compared when it has changed
            try:
                expected = act(theirs)
            except Exception as error:  # noqa: BLE001
                with pytest.raises(type(error)):
                    act(ours)
            else:
                got = act(ours)
                if not isinstance(expected, HTTPHeaders):
                    assert got == expected, (lines, what)
        assert list(ours.get_all()) == list(theirs.get_all()), lines


def test_asking_for_one_takes_nothing_apart() -> None:
    headers = LazyHeaders(Lines(b"Host: x\r\nAccept: y\r\n"))
    assert headers["host"] == headers.get("HOST") == "x"
    assert "Accept" in headers
    assert "Range" not in headers
    assert "_as_list" not in vars(headers)
    assert len(headers) == 2
    assert "_as_list" in vars(headers)


def test_a_value_with_many_blanks_is_no_more_work() -> None:
    began = time.process_time()
    value = "a" + " " * 60_000 + "b"
    for _ in range(10):
        headers = LazyHeaders(Lines(f"X: {value}  \r\n".encode()))
        assert headers["X"] == value
    assert time.process_time() - began < 1


def test_it_has_the_attributes_of_tornado_s_and_no_others() -> None:
    lazy, own = LazyHeaders(Lines(b"A: 1\r\nA: 2\r\n")), HTTPHeaders()
    for name in ("_as_list", "_combined_cache", "_dict", "_last_key", "_no_such"):
        assert hasattr(lazy, name) is hasattr(own, name)
    assert vars(lazy).keys() - {"lines"} == vars(own).keys()


@pytest.mark.parametrize("read", ["get", "[]", "in", "never"])
@pytest.mark.parametrize("lines", ["A: 1\r\n", "A: 1\r\nA: 2\r\n", "A: 1\r\nB: 2\r\n"])
@pytest.mark.parametrize("name", ["A", "a", "B"])
def test_what_was_read_can_be_deleted_as_from_tornado_s(lines: str, name: str, read: str) -> None:
    """Some Tornados delete only what was read, where a name stands in several lines."""
    outcomes: list[Any] = []
    for headers in (HTTPHeaders.parse(lines), LazyHeaders(Lines(lines.encode()))):
        try:
            if read == "get":
                headers.get(name)
            elif read == "[]":
                headers[name]
            elif read == "in":
                name in headers  # noqa: B015 - looks, and may remember
            del headers[name]
        except KeyError as error:
            outcomes.append(error.args)
        else:
            outcomes.append(list(headers.get_all()))
    assert outcomes[0] == outcomes[1]
