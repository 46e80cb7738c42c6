from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tornkit.ownership import file_of, is_user_file, real
from tornkit.routing import places


@pytest.fixture(scope="module", autouse=True)
def _other_tests_are_no_application(request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test module is loaded here; where a command runs, an application's alone are."""

    own = real(str(request.path))
    tests: set[str] = set()

    def is_own(file: str) -> bool:
        if not is_user_file(file):
            return False
        if real(file) not in tests:
            loaded = (module for name, module in sys.modules.items() if name.startswith("tests."))
            tests.update(real(name) for name in map(file_of, loaded) if name is not None)
        return real(file) == own or real(file) not in tests

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "is_user_file", is_own)
        yield
