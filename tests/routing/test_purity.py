"""What the modules of `tornkit.routing` may not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tornkit.routing.checks import ALL

PURE = ["model", "pattern", "sample", "match", "reverse", "source", "checks", "render.rows"]
CHECKING = [
    *("codes", "wanted", "comments", "identity", "baseline", "sift", "fix", "explanations"),
    *("render.findings", "render.github", "render.sarif"),
]
FORMATS = [
    f"render.{each}"
    for each in ("plain", "layout", "tree", "markdown", "commas", "structured", "below", "words")
]

EXPLAINING = [
    *("asked", "answers", "redirects", "nearness", "explain", "named"),
    *("render.explained", "render.explained_json", "render.reversed"),
]
COMPARING = ["saved", "pairing", "meeting", "diff", "render.differences", "openapi"]


def imported_by(*modules: str) -> set[str]:
    names = ", ".join(f"tornkit.routing.{module}" for module in modules)
    code = f"import sys, {names}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_no_tornado_and_no_rich_behind_extract() -> None:
    families = [f"checks.{family}" for family in ALL]
    loaded = imported_by(*PURE, *families, *CHECKING, *FORMATS, *COMPARING, *EXPLAINING)
    assert {"tornkit.routing.model", "tornkit.routing.checks.names"} <= loaded
    assert not loaded & {"tornado", "rich", "click"}


@pytest.mark.parametrize("module", ["report", "render.terminal"])
def test_no_other_part_of_tornkit(module: str) -> None:
    allowed = {"tornkit", "tornkit.ownership", "tornkit.routing"}
    others = {
        name
        for name in imported_by(module)
        if name.startswith("tornkit.") and not name.startswith("tornkit.routing.")
    }
    assert others <= allowed
