"""What became of each test: a ``unittest.TestResult`` that keeps what an Outcome needs.

A failing subTest is a failure of its test: the lists name tests. Tornado's abstract base tests
report themselves as skipped, once a class and without being tests; they are left out, as in
Tornado's own runner.
"""

from __future__ import annotations

import traceback
import unittest
from collections import Counter
from types import TracebackType
from typing import Any

from tornado.test.util import ABT_SKIP_MESSAGE

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class Recording(unittest.TestResult):
    """Failures by test id, skips by reason."""

    def __init__(self) -> None:
        super().__init__()
        self.broken: dict[str, list[str]] = {}
        self.skips: Counter[str] = Counter()
        self.began: list[str] = []
        self.passed = 0

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802 - unittest's name
        super().startTest(test)
        self.began.append(test.id())

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().addSuccess(test)
        self.passed += 1

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:  # noqa: N802
        super().addSkip(test, reason)
        if reason != ABT_SKIP_MESSAGE:
            self.skips[reason] += 1

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        super().addFailure(test, err)
        self._add(test.id(), err)

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        super().addError(test, err)
        # A module that can't be imported, or a class that can't be set up, arrives here with an
        # id of its own kind; it is a failure like any other.
        self._add(test.id(), err)

    def addSubTest(  # noqa: N802
        self, test: unittest.TestCase, subtest: unittest.TestCase, err: Any
    ) -> None:
        super().addSubTest(test, subtest, err)
        if err is not None:
            self._add(test.id(), err, subtest.id().removeprefix(test.id()).strip())

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().addUnexpectedSuccess(test)
        self.broken.setdefault(test.id(), []).append("passed, where a failure was expected")

    def _add(self, test: str, err: ExcInfo, part: str = "") -> None:
        why = "".join(traceback.format_exception(*err)) if err[0] else "failed"
        self.broken.setdefault(test, []).append(f"{part}\n{why}" if part else why)
