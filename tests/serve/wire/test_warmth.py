"""Names of the packages that are to blame for modules that are not warm."""

from __future__ import annotations

from tornkit.serve.wire.warmth import Warmth


def culprits(**unsafe: str) -> dict[str, str]:
    return Warmth(
        3, {name.replace("__", "."): reason for name, reason in unsafe.items()}
    ).culprits()


def test_those_that_did_something_themselves() -> None:
    """Modules that only import a culprit are none: one line for grpc, not one for each user."""
    assert culprits(
        grpc="starts a thread", google__api="imports grpc", app="imports google.api"
    ) == {"grpc": "starts a thread"}


def test_by_their_package() -> None:
    assert culprits(pandas__core__frame="sets a signal handler", other__part="opens a file") == {
        "pandas": "sets a signal handler",
        "other": "opens a file",
    }


def test_words_that_only_look_like_an_import() -> None:
    own = {"one": "importsand", "two": "it imports x", "three": "can't be imported alone: KeyError"}
    assert culprits(**own) == own


def test_all_is_warm() -> None:
    assert culprits() == {}
