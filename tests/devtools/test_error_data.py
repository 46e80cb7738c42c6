"""An error as a browser and an editor get it: frames by number, and no secret."""

from __future__ import annotations

import json

from tornkit.devtools.error_data import error_data, masked_traceback, numbered
from tornkit.devtools.failure import failure_of


def caught() -> BaseException:
    try:
        try:
            api_key = "hunter2"
            int(api_key and "x")
        except ValueError as error:
            raise RuntimeError("postgres://me:hunter2@db/") from error
    except RuntimeError as error:
        return error
    raise AssertionError


def test_the_frames_are_numbered_from_the_last_error_to_the_first() -> None:
    failure = failure_of(caught())
    data = error_data(failure, failure.last.message, masked_traceback(caught()))
    kinds = [raised.kind for raised, _ in numbered(failure)]
    assert kinds == ["RuntimeError", "ValueError"]
    first, second = data["frames"]
    assert (first["path"], first["users"], first["error"]) == (__file__, True, "")
    assert second["error"].startswith("ValueError")
    reached = [text for _, text, reached in first["source"] if reached]
    assert reached[0].strip().startswith("raise RuntimeError(")


def test_it_is_json_without_secrets() -> None:
    failure = failure_of(caught())
    text = json.dumps(error_data(failure, failure.last.message, masked_traceback(caught())))
    assert "hunter2" not in text


def test_a_long_traceback_is_cut_at_its_beginning() -> None:
    error = ValueError("\n".join("line" for _ in range(20_000)))
    text = masked_traceback(error)
    assert len(text) <= 20_003
    assert text.startswith("...")
