"""Whether an environment has what a project needs."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError

import pytest

from tornkit.scaffold import installed


class Distribution:
    def __init__(self, version: str, requires: Sequence[str] = ()) -> None:
        self.version = version
        self.requires = list(requires)


THERE = {
    "one": Distribution("1.10.2", ['two>=1 ; extra == "a-b"', 'nowhere ; extra == "c"']),
    "two": Distribution("2.0rc1"),
}


@pytest.fixture(autouse=True)
def there(monkeypatch: pytest.MonkeyPatch) -> None:
    def distribution(name: str) -> Distribution:
        if name not in THERE:
            raise PackageNotFoundError(name)
        return THERE[name]

    monkeypatch.setattr(installed, "distribution", distribution)


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("one", True),
        ("one>=1.9", True),
        ("one>=1.9,<2", True),
        ("one >= 1.10.2.0", True),
        ("one>=1.11", False),
        ("one<1.10", False),
        ("two>=2", True),
        ("nowhere", False),
        ("one[a_b]", True),
        ("one[c]>=1", False),
        ("one[a-b,c]", False),
        ("one @ file:///somewhere", True),
        ("one~=1.0", False),
        ("!", False),
    ],
)
def test_requirement(requirement: str, expected: bool) -> None:
    assert installed.is_installed(requirement) is expected


def test_project() -> None:
    text = '[project]\ndependencies = ["one"]\n[dependency-groups]\ndev = ["two", "{}"]\n'
    assert installed.has_all(text.format("one>=1"))
    assert not installed.has_all(text.format("nowhere"))
