"""Generation that is refused what the old one holds."""

from __future__ import annotations

import pytest

from tests.serve.scripted import APP, FAILURE, VIEWS, Script, World, config, get_ready
from tornkit.serve.refusals import ADDRESS
from tornkit.serve.supervisor import contention
from tornkit.serve.supervisor.holdings import Conflict, Holding
from tornkit.serve.wire.messages import Closed, Drain, Failed, Go, Ready

pytestmark = pytest.mark.usefixtures("no_leaks")

REFUSED = Failed("AppRaised", "running app failed", "Traceback", refused=f"{ADDRESS}\n9999")
PORT = Holding("tcp port 9999", ADDRESS, "9999", 1)


@pytest.fixture
def port_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as there is another worker, it holds what was asked for."""

    def explain(failure: Failed, holders: list[int], failed: list[int] = []) -> Conflict | None:  # noqa: B006
        return Conflict((PORT,), sure=True) if holders else None

    monkeypatch.setattr(contention, "explain", explain)


@pytest.mark.usefixtures("port_is_held")
class TestWhereItIsCertain:
    def test_the_old_one_ends_first(self, world: World) -> None:
        def script() -> Script:
            [old] = yield from world.serve()
            world.passes(10)
            world.watcher.sees(APP)
            yield
            [refused] = world.new_workers()
            refused.says(REFUSED)
            refused.dies(1)
            yield
            assert world.reporter.since() == [
                ("reloading", "app.py"),
                ("makes room", "tcp port 9999"),
            ]
            assert old.heard() == [Drain(10.0, False)]
            assert world.new_workers() == []
            old.says(Closed())
            old.dies(0)
            yield
            [new] = world.new_workers()
            yield from get_ready([new])
            assert new.heard() == [Go()]
            assert [told[0] for told in world.reporter.since()] == ["reloaded"]

        world.run(script, config())

    def test_what_is_saved_meanwhile_is_in_it(self, world: World) -> None:
        def script() -> Script:
            [old] = yield from world.serve()
            world.passes(10)
            world.watcher.sees(APP)
            yield
            world.passes(1)
            [refused] = world.new_workers()
            refused.says(REFUSED)
            refused.dies(1)
            yield
            world.watcher.sees(VIEWS)
            yield
            assert world.new_workers() == []
            old.dies(0)
            yield
            [new] = world.new_workers()
            yield from get_ready([new])
            world.passes(10)
            yield
            assert world.new_workers() == []

        world.run(script, config())

    def test_the_first_start_of_two_workers_that_need_the_same(self, world: World) -> None:
        def script() -> Script:
            yield
            first, second = world.new_workers()
            first.says(Ready())
            second.says(REFUSED)
            second.dies(1)
            yield
            assert world.reporter.since() == [
                ("failed", "AppRaised", "waiting"),
                ("held", "tcp port 9999", "by sibling"),
            ]
            assert not first.alive

        world.run(script, config(2))

    def test_another_failure_ends_nothing(self, world: World) -> None:
        def script() -> Script:
            [old] = yield from world.serve()
            world.passes(10)
            world.watcher.sees(APP)
            yield
            [new] = world.new_workers()
            new.says(FAILURE)
            new.dies(1)
            yield
            assert ("failed", "AppRaised", "old serves", "waiting") in world.reporter.since()
            assert old.heard() == []

        world.run(script, config())


def test_what_is_likely_is_said(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contention, "explain", lambda *_: Conflict((PORT,), sure=False))

    def script() -> Script:
        [old] = yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(REFUSED)
        new.dies(1)
        yield
        assert world.reporter.since() == [
            ("reloading", "app.py"),
            ("failed", "AppRaised", "old serves", "waiting"),
            ("held", "tcp port 9999"),
        ]
        assert old.heard() == []

    world.run(script, config())


def test_a_child_of_the_old_one_that_has_gone_is_named(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contention, "_children", lambda pid: [11, 12])
    monkeypatch.setattr(contention, "_command", lambda pid: "proxy")
    monkeypatch.setattr(contention, "has_ended", lambda pid: pid == 12)

    def script() -> Script:
        yield from world.serve()
        world.passes(10)
        world.watcher.sees(APP)
        yield
        [new] = world.new_workers()
        new.says(FAILURE)
        new.dies(1)
        yield
        assert world.reporter.since()[-1] == ("helpers ended", "12 (proxy)")

    world.run(script, config())
