"""`unfit` against Python itself: every small signature, called in every small way."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tornkit.routing.handlers.fits import listed, spelled, unfit
from tornkit.routing.model import Parameter, ParameterKind
from tornkit.routing.reading.signatures import SignatureReader

CALLS = [(count, ()) for count in range(4)]
NAMES = ["a", "b", "c", "k", "z"]
CALLS_BY_NAME = [(0, names) for size in range(4) for names in itertools.combinations(NAMES, size)]


def signatures() -> Iterator[str]:
    for positional in ("", "a, /", "a, b, /", "a=0, /"):
        for either in ("", "b", "b=0", "b, c", "b, c=0"):
            if positional == "a, b, /" and either:
                continue
            for rest in ("", "*args", "*, k", "*, k=0", "*args, k", "*args, k=0"):
                for keywords in ("", "**kwargs"):
                    yield ", ".join(filter(None, (positional, either, rest, keywords)))


def fails(signature: str, count: int, names: tuple[str, ...]) -> bool | None:
    """None where Python does not know such a signature."""
    names_of: dict[str, object] = {}
    try:
        exec(f"def function({signature}): ...", names_of)
    except SyntaxError:  # a default before a parameter without one
        return None
    function = names_of["function"]
    assert callable(function)
    try:
        function(*[0] * count, **dict.fromkeys(names, 0))
    except TypeError:
        return True
    return False


def parameters(signature: str) -> tuple[Parameter, ...]:
    names_of: dict[str, object] = {}
    exec(f"def function({signature}): ...", names_of)
    function = names_of["function"]
    assert callable(function)
    found = SignatureReader().function(function)[0]
    assert found is not None
    return found


def test_every_call_that_python_refuses_and_no_other() -> None:
    compared = {True: 0, False: 0}
    for signature in signatures():
        for count, names in (*CALLS, *CALLS_BY_NAME):
            expected = fails(signature, count, names)
            if expected is None:
                continue
            problem = unfit(parameters(signature), count, names)
            assert (problem is not None) == expected, (signature, count, names, problem)
            compared[expected] += 1
    assert min(compared.values()) > 500


@pytest.mark.parametrize(
    ("signature", "count", "names", "problem"),
    [
        ("", 1, (), "takes no argument and is given 1"),
        ("a", 2, (), "takes only 1 argument and is given 2"),
        ("a, b=0", 3, (), "takes only 2 arguments and is given 3"),
        ("a, b", 0, (), "needs 'a' and 'b' and is not given them"),
        ("a, *, k", 1, (), "needs 'k' and is not given it"),
        ("a", 0, ("x",), "takes no 'x'"),
        ("a, /", 0, ("a",), "takes no 'a'"),
        ("a, **more", 1, ("a",), "is given 'a' twice"),
    ],
)
def test_the_problem_in_words(
    signature: str, count: int, names: tuple[str, ...], problem: str
) -> None:
    assert unfit(parameters(signature), count, names) == problem


@pytest.mark.parametrize(
    "signature", ["", "a", "a, b=...", "a, /, b, *args, k, **more", "*, k=...", "a, /"]
)
def test_a_signature_as_it_was_written(signature: str) -> None:
    assert spelled("get", parameters(signature)) == f"get({signature})"


def test_names_in_a_sentence() -> None:
    assert listed(["a"]) == "'a'"
    assert listed(["a", "b", "c"]) == "'a', 'b' and 'c'"


def test_a_starred_parameter_is_never_missing() -> None:
    assert unfit([Parameter("args", ParameterKind.REST, required=False)], 0, ()) is None
