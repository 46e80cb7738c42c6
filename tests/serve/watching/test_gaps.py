from __future__ import annotations

import errno
import os

from tornkit.serve.watching.gaps import Gaps


def error(number: int) -> OSError:
    return OSError(number, os.strerror(number))


class TestGaps:
    def setup_method(self) -> None:
        self.troubles: list[str] = []
        self.gaps: list[str] = []
        self.made = Gaps(self.troubles.append, self.gaps.append)

    def test_folders_are_named_by_reason_and_once(self) -> None:
        for folder in ("/a", "/b", "/a"):
            self.made.note(folder, error(errno.EACCES))
        self.made.note("/c", error(errno.EIO))
        self.made.say()
        self.made.say()
        assert self.gaps == ["/a, /b: Permission denied", "/c: Input/output error"]
        self.made.note("/b", error(errno.EACCES))
        self.made.say()
        assert len(self.gaps) == 2, "it was said"

    def test_many_are_counted(self) -> None:
        for number in range(5):
            self.made.note(f"/{number}", error(errno.EACCES))
        self.made.say()
        assert self.gaps == ["/0, /1, /2 and 2 more: Permission denied"]

    def test_no_more_watches_is_said_of_all_folders_and_once(self) -> None:
        was_full = self.made.is_full
        assert not was_full
        for folder in ("/a", "/b"):
            self.made.note(folder, error(errno.ENOSPC))
        self.made.say()
        assert self.made.is_full
        assert self.troubles == [os.strerror(errno.ENOSPC)]
        assert self.gaps == []
