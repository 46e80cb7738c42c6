from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest

from tornkit.ownership import file_of, is_user_file, real
from tornkit.routing.reading import places


@pytest.fixture(scope="module", autouse=True)
def _garbage_is_its_own() -> Iterator[None]:
    """A socket that was left open is found in the module that left it.

    What has survived is not looked at again: behind thousands of tests each collection, and some
    tests ask for one, took a third of a second.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _other_tests_are_no_application(request: pytest.FixtureRequest) -> Iterator[None]:
    """What other tests have loaded stays loaded, and is no part of the application under test."""
    own = real(str(request.path))
    others = {real(name) for name in map(file_of, list(sys.modules.values())) if name is not None}

    def is_own(file: str) -> bool:
        return is_user_file(file) and (real(file) == own or real(file) not in others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "is_user_file", is_own)
        yield
