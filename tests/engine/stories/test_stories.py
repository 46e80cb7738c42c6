"""Whatever is called of a request, in whichever state: as with Tornado, or for a stated reason."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from itertools import islice

import pytest

from tests.engine.differential.process import REPOSITORY
from tests.engine.stories.calls import CALLS
from tests.engine.stories.closing import every, generated_closing
from tests.engine.stories.generate import generated
from tests.engine.stories.judge import Judge
from tests.engine.stories.rules import (
    EARLY,
    LATE_FINISH,
)
from tests.engine.stories.story import Request, Step, Story

_SEED = 11


@pytest.fixture(params=["fast", "plain"], scope="module")
def judge(request: pytest.FixtureRequest) -> Iterator[Judge]:
    made = Judge(fast=request.param == "fast")
    yield made
    made.close()


def late(during: tuple[str, ...], call: str, kind: str = "sync") -> Story:
    """A request is answered, the next one has begun and waits; then the first one's call."""
    requests = (Request(kind, during=during), Request("waiting"), Request("plain"))
    steps = (
        Step("send", requests=(0,)),
        Step("send", requests=(1,)),
        Step("call", requests=(0,), call=call),
        Step("go", requests=(1,)),
        Step("send", requests=(2,)),
    )
    return Story(requests, steps, f"{during} {call}")


def received(judge: Judge, story: Story) -> bytes:
    [outcome] = judge.candidate.play([story])
    return b"".join(moment.received[0] for moment in outcome.moments)


def test_random_stories(judge: Judge) -> None:
    stories = [generated(_SEED, number) for number in range(100)]

    assert [str(judge.shrink(each)) for each in judge.unexplained(stories)] == []


def test_who_is_told_of_a_close(judge: Judge) -> None:
    stories = [*islice(every(), 0, None, 97)]
    stories += [generated_closing(_SEED, number) for number in range(100)]
    stories.append(generated_closing(5, 1376))  # detached while its body is awaited, and closed

    assert [str(judge.shrink(each)) for each in judge.unexplained(stories)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("loop", ["asyncio", pytest.param("uvloop", marks=pytest.mark.release)])
def test_who_is_told_of_a_close_after_whatever(loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    judge = Judge(loop=loop)

    assert [str(judge.shrink(each)) for each in judge.unexplained([*every()])] == []
    judge.close()


@pytest.mark.thorough
@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_more_random_stories(loop: str, fast: bool) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    judge = Judge(loop=loop, fast=fast)
    stories = [generated(_SEED, number) for number in range(1_000, 1_800)]

    assert [str(judge.shrink(each)) for each in judge.unexplained(stories)] == []
    judge.close()


@pytest.mark.parametrize(
    "during",
    [(), ("handler.finish with a chunk",), ("handler.set_status 204",), ("handler.flush",)],
    ids=["returns", "finishes", "without a body", "in chunks"],
)
@pytest.mark.parametrize(
    "call",
    ["connection.write a response", "connection.write_headers of 3, whole", "connection.write"],
)
def test_what_is_late_is_not_in_the_next_answer(
    judge: Judge, during: tuple[str, ...], call: str
) -> None:
    story = late(during, call)

    assert judge.unexplained([story]) == []
    data = received(judge, story)
    assert b"<0raw>" not in data
    assert b"<0>" not in data
    # The connection is closed: the request that waited has no answer, rather than that one.
    assert data.count(b"HTTP/1.1") == 1


def test_an_answered_request_can_neither_end_nor_take_the_next_one(judge: Judge) -> None:
    ended = late(("handler.flush",), "connection.finish")
    taken = late((), "connection.detach")

    assert judge.unexplained([ended, taken]) == []
    assert [each.explained_by for each in judge.differences([ended])] == [{LATE_FINISH}]
    for story in (ended, taken):
        assert received(judge, story).count(b"HTTP/1.1 200 OK") == 4  # and of the probe


def test_each_call_behind_the_answer(judge: Judge) -> None:
    stories = [late(during, call) for call in CALLS for during in ((), ("handler.flush",))]

    assert [str(each) for each in judge.unexplained(stories)] == []


@pytest.mark.parametrize("call", ["handler.finish", "handler.send_error", "handler.redirect"])
def test_an_answer_before_the_body_says_that_it_is_the_last(judge: Judge, call: str) -> None:
    requests = (Request("streamed", "POST", 70_000, 60_000, during=(call,)),)
    story = Story(requests, (Step("send", requests=(0,)), Step("rest", requests=(0,))))

    [difference] = judge.differences([story])
    assert difference.explained_by == {EARLY}
    assert b"\r\nConnection: close\r\n" in received(judge, story)


@pytest.mark.parametrize(
    ("requests", "steps"),
    [
        (
            (Request("callback", "POST", 3000, during=("connection.detach",)),),
            (Step("send", requests=(0,)), Step("end")),
        ),
        (
            (Request("waiting"), Request("streamed", during=("connection.close",))),
            (
                Step("send", requests=(0,)),
                Step("go", requests=(0,)),
                Step("call", requests=(0,), call="stream.set_close_callback"),
                Step("send", requests=(1,)),
            ),
        ),
        (
            (
                Request(
                    "streamed",
                    "POST",
                    3000,
                    3000,
                    during=("connection.set_body_timeout", "stream.set_close_callback"),
                ),
            ),
            (Step("send", requests=(0,)),),
        ),
    ],
    ids=["detached with its body", "closed before it is watched", "a body with a limit of time"],
)
def test_what_random_stories_have_found(
    judge: Judge, requests: tuple[Request, ...], steps: tuple[Step, ...]
) -> None:
    assert judge.differences([Story(requests, steps)]) == []


def test_what_is_late_is_not_counted_where_no_length_was_said(judge: Judge) -> None:
    calls = ("connection.finish", "connection.write much", "connection.detach")
    story = Story(
        (Request("callback", during=calls),),
        (Step("send", requests=(0,)), Step("call", requests=(0,), call="connection.finish")),
    )
    assert judge.unexplained([story]) == []


def test_a_difference_is_found_and_made_small() -> None:
    judge = Judge("tests.engine.stories.broken:Leaking", fast=False)
    story = late((), "connection.write a response")
    padded = Story(
        (*story.requests, Request("plain"), Request("waiting")),
        (
            Step("send", 1, (3, 4)),
            *story.steps[:2],
            Step("call", requests=(4,), call="handler.get_status"),
            *story.steps[2:],
        ),
    )

    [found] = judge.unexplained([padded])
    small = judge.shrink(found)
    judge.close()
    assert len(small.story.steps) < len(padded.steps)


@pytest.mark.thorough
def test_the_command_line_ends_with_the_verdict() -> None:
    command = [sys.executable, "-m", "tests.engine.stories", "--count", "100"]
    verdicts = [
        subprocess.run(
            [*command, *options], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        for options in ((), ("--server", "tests.engine.stories.broken:Leaking", "--no-speedups"))
    ]

    assert [each.returncode for each in verdicts] == [0, 1], verdicts[0].stderr
    assert "0 not explained" in verdicts[0].stdout
    assert "times: " in verdicts[1].stdout
