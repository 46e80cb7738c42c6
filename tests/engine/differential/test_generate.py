"""The input is the same in every process, and is what it is said to be."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from random import Random

import pytest

from tests.engine.differential.corpus import entries
from tests.engine.differential.generate import corpus_digest, generated, swept
from tests.engine.differential.mutate import LONGEST, mutate, splice
from tests.engine.differential.process import REPOSITORY
from tests.engine.differential.profiles import PROFILES


def digest(count: int) -> str:
    """Of the first cases of seed 7, and of the corpus."""
    state = hashlib.blake2b(corpus_digest(), digest_size=16)
    for number in range(count):
        state.update(repr(generated(7, number)).encode())
    return state.hexdigest()


@pytest.mark.thorough
def test_another_process_makes_the_same_input() -> None:
    program = "from tests.engine.differential.test_generate import digest; print(digest(300))"
    found = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }

    assert found == {digest(300)}


def test_a_case_does_not_depend_on_those_before_it() -> None:
    late = generated(1, 40)
    for number in range(40):
        generated(1, number)

    assert generated(1, 40) == late
    assert generated(2, 40) != late


def test_mutations_are_equal_for_equal_seeds_and_never_too_long() -> None:
    others = [b"a" * 3_000, b"b" * 3_000]
    for seed in range(300):
        one = mutate(Random(seed), b"x" * 3_000, others)

        assert one == mutate(Random(seed), b"x" * 3_000, others)
        assert len(one) <= LONGEST


@pytest.mark.parametrize("data", [b"", b"\n", b"0", b"\r\n\r\n"])
def test_every_change_bears_with_the_smallest_inputs(data: bytes) -> None:
    for seed in range(1_000):
        mutate(Random(seed), data, [b"", data])


def test_most_inputs_are_changed_and_all_bytes_come_up() -> None:
    data = b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
    found = [mutate(Random(seed), data, [data]) for seed in range(8_000)]

    assert sum(each != data for each in found) > 7_200
    assert len(set(b"".join(found))) == 256


def test_a_splice_is_made_of_both() -> None:
    for seed in range(100):
        found = splice(Random(seed), b"a" * 10, b"b" * 10)

        assert found == b"a" * found.count(b"a") + b"b" * found.count(b"b")


def test_every_profile_is_met_and_every_delivery() -> None:
    cases = [generated(3, number) for number in range(4_000)]

    assert {case.profile for case in cases} == set(PROFILES)
    assert Counter(bool(case.cuts) for case in cases)[True] > 300
    assert any(case.is_byte_by_byte for case in cases)
    assert all(PROFILES[case.profile].is_immediate for case in cases if case.eof)


def test_the_names_of_the_corpus_are_unique_and_its_profiles_exist() -> None:
    names = [entry.name for entry in entries()]

    assert len(names) == len(set(names)) > 1_000
    assert {name for entry in entries() for name in entry.profiles} == set(PROFILES)


@pytest.mark.thorough
def test_the_sweep_cuts_each_short_entry_at_each_byte() -> None:
    cuts: Counter[tuple[str, str]] = Counter()
    dealt = set()
    for case in swept():
        if len(case.cuts) == 1:
            cuts[case.name, case.profile] += 1
        if case.is_byte_by_byte:
            dealt.add((case.name, case.profile))

    for entry in entries():
        for profile in entry.profiles:
            if 1 < len(entry.data) <= 2_000:
                assert cuts[entry.name, profile] >= len(entry.data) - 1
                assert (entry.name, profile) in dealt
