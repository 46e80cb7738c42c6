"""The version of a class changes with each attribute that is set in it or in its bases."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.engine.replacing import Passing, plain
from tornkit.engine.fidelity import class_versions
from tornkit.engine.fidelity.class_versions import Known, KnownInHeirs, renew, version_of

BOTH = pytest.mark.parametrize("supported", [True, False])


class Base:
    def method(self) -> int:
        return 1

    def other(self) -> int:
        return 2


class Heir(Base):
    pass


def test_this_python_has_versions_where_they_are_looked_for() -> None:
    assert class_versions.SUPPORTED or sys.implementation.name != "cpython"


def test_a_version_is_lost_with_that_of_a_base_and_is_another_then() -> None:
    first = renew(Heir)
    version = version_of(Heir)
    assert version.value == first == renew(Heir)
    own = Base.method
    Base.method = plain(own, lambda: None)  # type: ignore[method-assign]
    assert version.value == 0
    Base.method = own  # type: ignore[method-assign]
    assert renew(Heir) not in (0, first)


@BOTH
@pytest.mark.parametrize("wrap", [plain, Passing])
def test_what_is_known_is_compared_by_identity(
    supported: bool, wrap: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(class_versions, "SUPPORTED", supported)
    known, heirs = Known(Base, ("method", "other")), KnownInHeirs(Base, ("method", "other"))
    assert known.still()
    assert heirs.still(Heir)
    with monkeypatch.context() as patched:
        patched.setattr(Base, "method", wrap(Base.method, lambda: None))
        assert not known.still()
        assert not heirs.still(Heir)
    assert known.still()
    assert heirs.still(Heir)
    with monkeypatch.context() as patched:
        patched.setattr(Heir, "other", wrap(Base.other, lambda: None), raising=False)
        assert known.still()
        assert not heirs.still(Heir)


def test_no_more_classes_are_kept_than_have_to_be() -> None:
    heirs = KnownInHeirs(Base, ("method", "other"))
    for number in range(1000):
        assert heirs.still(type(f"Heir{number}", (Base,), {}))
    assert len(heirs.seen) <= 256
