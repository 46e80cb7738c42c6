from __future__ import annotations

from dataclasses import replace

import pytest

from tests.serve.scripted import TARGET
from tornkit.appload.target import Serves
from tornkit.errors import NotAnApplication
from tornkit.serve.config import ServeConfig
from tornkit.serve.wire.messages import Learned, Lesson
from tornkit.serve.wire.orders import Orders
from tornkit.serve.worker.lessons import Lessons

ORDERS = Orders.of(TARGET, ServeConfig())


class TestLessons:
    def setup_method(self) -> None:
        self.told: list[Learned] = []
        self.ready = False
        self.made = Lessons(self.told.append, lambda: self.ready)

    def test_nothing_learned_changes_nothing(self) -> None:
        assert self.made.take(Lesson(), ORDERS) is ORDERS

    def test_an_application_that_is_a_program_is_run_as_one(self) -> None:
        lesson = Lesson(serves=Serves.IMPORTED.value, not_http=(81,))
        orders = self.made.take(lesson, ORDERS)
        assert orders.target.is_program
        assert self.made.not_http == (81,)

    @pytest.mark.parametrize("serves", [Serves.IMPORTED, Serves.CALLED])
    def test_it_is_told_and_the_process_ends(self, serves: Serves) -> None:
        with pytest.raises(SystemExit) as ended:
            self.made.find_program(TARGET, serves)
        assert ended.value.code == 1
        assert self.told == [Learned(Lesson(serves=serves.value))]

    def test_a_usual_name_that_serves_when_it_is_called_is_to_be_named(self) -> None:
        with pytest.raises(NotAnApplication, match="name the function that does so, or the file"):
            self.made.find_program(replace(TARGET, attribute=None), Serves.CALLED)
        assert self.told == []

    def test_a_port_of_another_protocol(self) -> None:
        with pytest.raises(SystemExit):
            self.made.find_not_http(81)
        assert self.told == [Learned(Lesson(not_http=(81,)))]

    def test_not_once_it_serves(self) -> None:
        self.ready = True
        self.made.find_not_http(81)
        assert self.told == []
