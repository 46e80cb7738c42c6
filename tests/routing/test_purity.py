"""What the modules of `tornkit.routing` may not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tornkit.routing

ROOT = Path(tornkit.routing.__file__).parent
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in ROOT.rglob("*.py")
} - {"__init__"}
# The readers of a live application, what ties them to the rest, and the only user of rich.
IMPURE = {"reading.extract", "reading.targets", "report", "tables", "render.terminal"}


def imported_by(*modules: str) -> set[str]:
    names = ", ".join(f"tornkit.routing.{module}" for module in modules)
    code = f"import sys, {names}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_tornado_and_no_rich_behind_extract() -> None:
    assert IMPURE < MODULES
    loaded = imported_by(*(MODULES - IMPURE))
    assert {"tornkit.routing.model", "tornkit.routing.checks.names"} <= loaded
    assert not loaded & {"tornado", "rich", "click"}


def test_a_plain_list_loads_nothing_of_the_analysis() -> None:
    loaded = imported_by("report", "render.plain", "render.below")
    analyses = ("reachability", "references", "openapi", "comparing", "findings.explanations")
    for each in (
        *(f"routing.{name}" for name in (*analyses, "findings.fix", "matching.explain")),
        *("regex.automata", "regex.backtracking"),
    ):
        assert not any(f"{name}.".startswith(f"tornkit.{each}.") for name in loaded), each


@pytest.mark.parametrize("module", ["report", "render.terminal"])
def test_no_other_part_of_tornkit(module: str) -> None:
    allowed = {
        "tornkit",
        *(f"tornkit.{name}" for name in ("masking", "ownership", "printable", "routing")),
    }
    others = {
        name
        for name in imported_by(module)
        if name.startswith("tornkit.")
        and not name.startswith(("tornkit.routing.", "tornkit.regex"))
    }
    assert others <= allowed
