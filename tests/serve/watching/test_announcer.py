from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from tornkit.serve.watching.announcer import Announcer
from tornkit.serve.watching.reach import Coverage, Reach


class TestAnnouncer:
    def setup_method(self) -> None:
        self.told: list[list[str]] = []
        self.reach = Reach()
        self.made = Announcer(self._tell, self.reach)

    def _tell(self, paths: Iterable[str]) -> None:
        self.told.append(list(paths))

    def test_what_is_whole_is_told_at_once(self, tmp_path: Path) -> None:
        file = str(tmp_path / "a.py")
        self.made.later(file, 60)
        self.made.whole([file])
        assert self.told == [[file]]
        assert self.made.next_due is None, "and not again"

    def test_what_rests_is_told_when_it_has(self, tmp_path: Path) -> None:
        file = str(tmp_path / "a.py")
        began = time.monotonic()
        self.made.later(file, 5)
        assert self.made.next_due is not None
        assert began + 5 <= self.made.next_due <= time.monotonic() + 5
        self.made.tell_due(began + 4)
        assert self.told == []
        self.made.tell_due(time.monotonic() + 5)
        assert self.told == [[file]]

    def test_what_never_rests_is_told_in_the_end(self, tmp_path: Path) -> None:
        file = str(tmp_path / "a.py")
        self.made.later(file, 5)
        latest = time.monotonic() + 10
        for _ in range(100):
            self.made.later(file, 60)
        assert self.made.next_due is not None
        assert self.made.next_due <= latest

    def test_a_state_that_was_told_is_not_told_again(self, tmp_path: Path) -> None:
        file = tmp_path / "a.py"
        file.write_text("x")
        self.made.whole([str(file)])
        self.made.later(str(file), 0.0)  # its mode was set
        self.made.tell_due(time.monotonic() + 1)
        assert len(self.told) == 1
        self.made.is_new(str(file))
        self.made.later(str(file), 0.0)
        self.made.tell_due(time.monotonic() + 1)
        assert len(self.told) == 2

    def test_what_nobody_edits_is_told_only_if_it_was_asked_for(self, tmp_path: Path) -> None:
        cache, asked = str(tmp_path / "a.pyc"), str(tmp_path / "b.pyc")
        self.reach.take(Coverage(files=frozenset({asked})))
        self.made.whole([cache, asked])
        assert self.told == [[asked]]

    def test_what_waits_can_be_forgotten(self, tmp_path: Path) -> None:
        self.made.later(str(tmp_path), 0.0)
        self.made.forget_all()
        self.made.tell_due(time.monotonic() + 1)
        assert self.told == []
