"""The servers listed here do what Tornado's does, and each fault of broken.py is found."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.differential.compare import Kind
from tests.engine.differential.messages import Block
from tests.engine.differential.process import REPOSITORY, Subject
from tests.engine.differential.report import as_json, as_text
from tests.engine.differential.run import BLOCK, Plan, Result, run
from tests.engine.servers import TORNADO

# Each run starts two processes or more, on a machine that may have others to look after.
pytestmark = [pytest.mark.timeout(180), pytest.mark.thorough]


def judged(
    candidate: str, count: int = 600, loop: str = "asyncio", silence: float = 30.0, jobs: int = 1
) -> Result:
    name = candidate if ":" in candidate else f"tests.engine.differential.broken:{candidate}"
    plan = Plan(
        reference=Subject(TORNADO, loop),
        candidate=Subject(name, loop),
        count=count,
        jobs=jobs,
        with_sweep=False,
        silence=silence,
    )
    return run(plan)


def kinds(result: Result) -> set[Kind]:
    return {group.difference.kind for group in result.findings.groups()}


def smallest(result: Result, kind: Kind) -> bytes:
    """The shortest input that was found to show it."""
    return min(
        (
            example.case.data
            for group in result.findings.groups()
            for example in group.examples
            if group.difference.kind is kind
        ),
        key=len,
    )


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("server", [TORNADO, "tornkit:HTTPServer"])
def test_nothing_differs_from_tornado(server: str, loop: str) -> None:
    result = judged(server, 2_000, loop)

    assert result.is_good, as_text(result)
    assert result.played == 2_000
    # The input is not all refused at the door, nor all let in.
    assert result.statuses["200"] > 300
    assert result.statuses["400"] > 300


@pytest.mark.release
def test_several_jobs_play_the_same_cases() -> None:
    count = BLOCK + 400
    one, two = judged(TORNADO, count), judged(TORNADO, count, jobs=2)

    assert one.is_good, as_text(one)
    assert two.is_good, as_text(two)
    assert one.statuses == two.statuses


def test_a_lax_length_is_a_request_accepted_that_tornado_refuses() -> None:
    result = judged("LaxLengths", 2_000)

    assert Kind.ACCEPTED in kinds(result), as_text(result)
    assert not result.is_good
    # Shrunk to little more than what is wrong with it.
    assert b"ontent-" in smallest(result, Kind.ACCEPTED).lower().replace(b"c", b"")
    assert len(smallest(result, Kind.ACCEPTED)) < 60


@pytest.mark.release
def test_an_unknown_coding_that_is_ignored_is_found() -> None:
    result = judged("LaxCodings")

    assert Kind.ACCEPTED in kinds(result), as_text(result)
    assert b"ransfer-encoding" in smallest(result, Kind.ACCEPTED).lower()


@pytest.mark.release
def test_a_host_that_nobody_checks_is_found() -> None:
    assert Kind.ACCEPTED in kinds(judged("LaxHosts", 3_000))


def test_another_answer_to_a_bad_request_line_is_found() -> None:
    assert Kind.ACCEPTED in kinds(judged("OtherStatus"))


@pytest.mark.release
def test_a_body_that_arrives_in_part_is_a_difference_in_framing() -> None:
    result = judged("Forgetful", 200)

    assert Kind.FRAMING in kinds(result), as_text(result)


@pytest.mark.release
def test_an_application_that_is_not_told_of_a_close_is_found() -> None:
    result = judged("Deaf", 400)

    assert Kind.EVENTS in kinds(result), as_text(result)
    assert len(smallest(result, Kind.EVENTS)) < 40


def test_an_error_in_the_log_is_found() -> None:
    result = judged("Loud", 400)

    assert Kind.ERROR in kinds(result), as_text(result)
    assert smallest(result, Kind.ERROR).startswith(b"HEAD ")


def test_what_is_left_over_is_found_with_the_case_that_left_it() -> None:
    result = judged("Keeping", 400)

    assert Kind.LEAK in kinds(result), as_text(result)
    [group] = [each for each in result.findings.groups() if each.difference.kind is Kind.LEAK]
    assert "handlers alive" in group.difference.detail
    assert group.examples


@pytest.mark.release
@pytest.mark.parametrize("fault", ["Dying", "Restless"])
def test_a_server_that_ends_or_never_rests_is_found_with_its_case(fault: str) -> None:
    result = judged(fault, 200)

    assert kinds(result) <= {Kind.CRASH, Kind.HANG}
    [group] = result.findings.groups()
    assert b"PATCH" in group.examples[0].case.data
    assert not result.broken
    assert not result.is_good


def test_a_server_that_hangs_is_given_up_after_the_silence() -> None:
    result = judged("Hanging", 6, silence=2.0)

    assert result.played == 6
    assert kinds(result) <= {Kind.HANG}


@pytest.mark.release
def test_a_connection_that_stays_open_is_found() -> None:
    result = judged("Unclosing", 40)

    assert kinds(result) & {Kind.CLOSED, Kind.STATUS, Kind.LEAK}, as_text(result)


def test_a_server_that_can_not_start_breaks_the_run_and_says_why() -> None:
    result = judged("NoSuchServer", 200)

    assert not result.is_good
    assert "NoSuchServer" in result.broken[0]


def test_a_plan_covers_each_case_once() -> None:
    plan = Plan(Subject(TORNADO), Subject(TORNADO), count=9_001, with_sweep=False)
    numbers = [number for block in plan.blocks() for batch in block.batches() for number in batch]

    assert numbers == list(range(9_001))
    assert Block(1, 7, 401).batches() == [range(7, 207), range(207, 407), range(407, 408)]


def test_a_result_is_readable_and_is_json() -> None:
    result = judged("LaxHosts", 1_000)
    text = as_text(result)

    assert "accepted by the candidate, refused by the reference (fatal)" in text
    assert "not explained" in text
    assert json.loads(json.dumps(as_json(result)))["groups"][0]["fatal"] is True


def test_the_command_line_ends_with_the_verdict(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    command = [sys.executable, "-m", "tests.engine.differential", "--no-sweep", "--count", "300"]
    good = subprocess.run(
        [*command, "--server", "tornado.httpserver:HTTPServer", "--json", str(file)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    bad = subprocess.run(
        [*command, "--server", "tests.engine.differential.broken:LaxCodings"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (good.returncode, bad.returncode) == (0, 1), good.stderr + bad.stdout
    assert "no difference" in good.stdout
    assert json.loads(file.read_text())["cases"] == 300


def test_one_case_can_be_shown() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "tests.engine.differential", "--show", "1:5"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )

    assert shown.returncode == 0, shown.stderr
    assert "no difference" in shown.stdout
