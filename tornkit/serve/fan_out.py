"""Reporter that passes each message on to several others, those that have a method for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from tornkit.serve.reporter import Reporter


def fan_out(reporter: Reporter, *others: object) -> Reporter:
    """Combine several reporters into one; ``others`` may have only some of its methods."""
    return cast("Reporter", _FanOut((reporter, *others)))


class _FanOut:
    def __init__(self, reporters: tuple[object, ...]) -> None:
        self._reporters = reporters

    def __getattr__(self, name: str) -> Callable[..., None]:
        methods = [getattr(each, name) for each in self._reporters if hasattr(each, name)]
        if not hasattr(Reporter, name):
            raise AttributeError(name)
        return partial(_tell, methods)


def _tell(methods: list[Callable[..., None]], *arguments: Any, **options: Any) -> None:
    for method in methods:
        method(*arguments, **options)
