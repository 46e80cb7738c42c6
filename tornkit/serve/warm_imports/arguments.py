"""``sys.argv`` while a module is imported ahead: notes that it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any


class RecordedArguments(list[str]):
    """List in the place of ``sys.argv`` that calls ``on_read`` when it is read."""

    on_read: Callable[[], None]

    def __getitem__(self, index: Any) -> Any:
        self.on_read()
        return super().__getitem__(index)

    def __iter__(self) -> Iterator[str]:
        self.on_read()
        return super().__iter__()

    def __len__(self) -> int:
        self.on_read()
        return super().__len__()
