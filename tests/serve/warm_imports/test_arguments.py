from __future__ import annotations

from collections.abc import Callable

import pytest

from tornkit.serve.warm_imports.arguments import RecordedArguments


@pytest.mark.parametrize(
    "read",
    [lambda argv: argv[0], lambda argv: argv[1:], list, len, lambda argv: [*argv], bool],
    ids=["item", "slice", "list", "length", "unpacked", "truth"],
)
def test_reading_is_noted(read: Callable[[RecordedArguments], object]) -> None:
    noted: list[bool] = []
    arguments = RecordedArguments(["program", "--option"])
    arguments.on_read = lambda: noted.append(True)
    assert noted == []
    assert read(arguments)
    assert noted
