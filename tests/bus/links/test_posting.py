"""Posted messages: whose loss is told of, and in which words."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tornkit.bus.errors import Unavailable
from tornkit.bus.links.posting import tell_if_lost, tell_of_loss


def told_of(end: Callable[[asyncio.Future[Any]], object]) -> None:
    """Have a message to "a" end so."""

    async def main() -> None:
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        end(answer)
        tell_if_lost("a", answer)

    asyncio.run(main())


def test_an_answer_that_is_an_error_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    told_of(lambda answer: answer.set_exception(Unavailable("the hub has ended")))
    assert caplog.record_tuples == [
        ("tornkit", logging.ERROR, "a message to a is maybe lost: the hub has ended")
    ]


@pytest.mark.parametrize("result", [7, None, Unavailable("no error, but an answer")])
def test_any_other_answer_is_not(caplog: pytest.LogCaptureFixture, result: object) -> None:
    told_of(lambda answer: answer.set_result(result))
    assert caplog.records == []


def test_nor_is_one_that_nobody_waits_for_any_more(caplog: pytest.LogCaptureFixture) -> None:
    told_of(lambda answer: answer.cancel())
    assert caplog.records == []


def test_names_are_no_format(caplog: pytest.LogCaptureFixture) -> None:
    tell_of_loss("100%s", ValueError("%d"))
    assert caplog.messages == ["a message to 100%s is maybe lost: %d"]
