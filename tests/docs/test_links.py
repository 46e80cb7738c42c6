"""Links of README and of all pages lead somewhere, and each page has one heading of its own."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from tests.docs.markdown import ROOT, pages, read

LINKED = [*pages(), "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"]
"""Pages whose links are looked at."""


@pytest.mark.parametrize("page", LINKED)
def test_links_lead_somewhere(page: str) -> None:
    broken = []
    for link in read(page).links:
        if link.startswith(("https://", "http://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        place = (ROOT / page).parent / name if name else ROOT / page
        if not place.exists():
            broken.append(f"{link}: there is no {name}")
        elif anchor and anchor not in read(str(place.resolve().relative_to(ROOT))).anchors:
            broken.append(f"{link}: {name or page} has no such heading")
    assert broken == []


@pytest.mark.parametrize("page", pages())
def test_a_page_has_one_title_and_skips_no_level(page: str) -> None:
    levels = [heading.level for heading in read(page).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_the_index_has_each_page() -> None:
    linked = {link.partition("#")[0] for link in read("docs/README.md").links}
    assert {f"docs/{name}" for name in linked if "/" not in name} == {
        page for page in pages() if page.startswith("docs/") and page != "docs/README.md"
    }


def test_what_the_package_links_to_is_there() -> None:
    """Generated projects link to pages of this repository."""
    own = re.compile(r"https://github\.com/tornkit/tornkit/blob/main/([\w./-]+\w)(?:#([\w-]+))?")
    found = {
        match.groups()
        for path in (ROOT / "tornkit").rglob("*")
        if path.is_file() and path.suffix != ".pyc"
        for match in own.finditer(path.read_text(encoding="utf-8", errors="replace"))
    }
    assert len(found) > 0
    for name, anchor in found:
        assert (ROOT / name).exists(), name
        assert anchor is None or anchor in read(name).anchors, (name, anchor)
