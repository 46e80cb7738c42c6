"""Whether a server gives the right answer, before anybody counts how many."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks import browser
from tests.benchmarks.errors import MeasurementFailed
from tests.benchmarks.exchange import Address, NoAnswer, Request, ask
from tests.benchmarks.throughput.cases import Case, Visit


class WrongAnswer(MeasurementFailed):
    """The answer is not what the case asks for, or there is none; the message says how."""


@dataclass(frozen=True)
class Checked:
    """A request that was answered well, as bytes, and the names of the answer's headers."""

    request: bytes
    headers: tuple[str, ...]


def check(case: Case, address: Address) -> Checked:
    """Ask once, visiting first where the case wants it. Raises WrongAnswer."""
    try:
        visit = _visit(case.first, address) if case.first else Visit({})
        request = case.request(visit).encode(address)
        answer = ask(address, request)
    except NoAnswer as error:
        raise WrongAnswer(f"no answer: {error}") from None
    if mistake := case.mistake(answer):
        raise WrongAnswer(f"a wrong answer: {mistake}")
    return Checked(request, tuple(name.title() for name in answer.headers))


def _visit(page: str, address: Address) -> Visit:
    answer = ask(address, Request(page, headers=browser.headers()).encode(address))
    if answer.status != 200:
        raise WrongAnswer(f"{page}: status {answer.status}")
    return Visit.read(answer)
