"""Steps of a nursery that forks: what is asked of it, and what a zygote answers (see `house`)."""

from __future__ import annotations

from collections.abc import Mapping

from tests.serve.nursery.house import HOME, Births, House, StandInProcess
from tests.serve.scripted import NO_PID
from tornkit.serve.nursery.forking import Forking
from tornkit.serve.nursery.nursery import Nursery, OnBorn
from tornkit.serve.wire.messages import Forked
from tornkit.serve.wire.processes import ChildProcess

REFILL = 0.2  # seconds behind a start


def forked(*numbers: int) -> Forked:
    return Forked(tuple(NO_PID + 1000 + number for number in numbers))


def spawn(house: House, forking: Forking, *numbers: int) -> list[int]:
    """Spawn from the zygote that is there or is started now."""
    answer = forked(*numbers)
    active = [process for process in house.started if not process.killed]
    if active:
        active[0].says(answer)
    else:
        house.will_fork.append(answer)
    return [pid - NO_PID - 1000 for pid in born(house, forking, len(numbers))]


def born(
    house: House, nursery: Nursery, count: int, environment: Mapping[str, str] = HOME
) -> list[int]:
    """Pids of workers that are spawned now, some of them by and by."""
    pids: list[int] = []

    def note(processes: list[ChildProcess] | OSError) -> None:
        assert not isinstance(processes, OSError)
        for process in processes:
            pids.append(process.pid)
            process.channel.close()

    nursery.spawn(count, environment, note)
    house.turn()
    return pids


def added_to(came: list[ChildProcess]) -> OnBorn:
    """Note the workers that are born; an error is none."""

    def note(processes: list[ChildProcess] | OSError) -> None:
        assert not isinstance(processes, OSError)
        came.extend(processes)

    return note


def learn(house: House, forking: Forking, *modules: str) -> StandInProcess:
    """The candidate that follows from what a worker has imported."""
    forking.learn(modules, HOME)
    return house.new()


def ask(forking: Forking, count: int = 1) -> list[ChildProcess | OSError]:
    """Spawn workers that are to come later; what there is of them by now."""
    came: list[ChildProcess | OSError] = []

    def note(processes: list[ChildProcess] | OSError) -> None:
        came.extend([processes] if isinstance(processes, OSError) else processes)

    forking.spawn(count, HOME, note)
    return came


def close(came: list[ChildProcess | OSError]) -> list[int]:
    """The pids of workers that came, which are needed no more."""
    pids = []
    for process in came:
        assert not isinstance(process, OSError)
        process.channel.close()
        pids.append(process.pid)
    return pids


def want(forking: Forking, count: int = 1, *, beside: bool = False) -> Births:
    births = Births()
    forking.spawn(count, HOME, births, beside=beside)
    return births


def numbers(births: Births) -> list[int]:
    """Close the channels of those that were born; return their numbers."""
    return [pid - NO_PID - 1000 for pid in births.pids()]


def serve_twice(house: House, forking: Forking) -> StandInProcess:
    """Start a worker and then another, as an edit does; return the zygote of both."""
    house.will_fork.append(forked(1))
    first = want(forking)
    house.turn()
    assert numbers(first) == [1]
    zygote = house.new()
    zygote.says(forked(2))
    second = want(forking)
    house.turn()
    assert numbers(second) == [2]
    zygote.heard()
    return zygote
