"""One connection's worth of input: which server setting, which bytes, and how they arrive."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise


@dataclass(frozen=True)
class Case:
    """What is sent on one connection.

    ``cuts`` are the offsets at which the bytes are cut: the server comes to rest between two
    pieces. Without any, all arrive at once. With ``eof`` the client ends its side together with
    the last byte; otherwise it keeps its side open, and ends it when everything is answered.
    """

    profile: str
    data: bytes
    cuts: tuple[int, ...] = ()
    eof: bool = False
    name: str = ""

    def pieces(self) -> list[bytes]:
        """The bytes as they are sent; at least one piece, possibly empty."""
        return [self.data[start:end] for start, end in pairwise((0, *self.cuts, len(self.data)))]

    def with_data(self, data: bytes) -> Case:
        """Other bytes; cut as before, as far as the new ones reach; one at a time stays so."""
        if self.is_byte_by_byte:
            return replace(self, data=data, cuts=every_byte(data))
        return replace(self, data=data, cuts=tuple(cut for cut in self.cuts if cut < len(data)))

    @property
    def is_byte_by_byte(self) -> bool:
        # The cuts are in order and no two are equal: as many as there can be are all of them.
        return bool(self.cuts) and len(self.cuts) == len(self.data) - 1

    @property
    def delivery(self) -> str:
        """In words: "whole", "one byte at a time" or "cut at 4, 17"; "then EOF" where so."""
        if not self.cuts:
            words = "whole"
        elif self.is_byte_by_byte:
            words = "one byte at a time"
        else:
            words = f"cut at {', '.join(map(str, self.cuts))}"
        return f"{words}, then EOF" if self.eof else words


def every_byte(data: bytes) -> tuple[int, ...]:
    """The cuts of a delivery of one byte at a time."""
    return tuple(range(1, len(data)))
