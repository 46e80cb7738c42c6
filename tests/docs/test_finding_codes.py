"""docs/finding-codes.md is as the pages of `tornkit routes --explain` are."""

from __future__ import annotations

from tests.docs.finding_codes import PAGE, page
from tests.docs.markdown import ROOT, parse
from tornkit.routing.findings.codes import CODES


def test_the_page_is_as_the_explanations_are() -> None:
    """After a change of one: python -m tests.docs.finding_codes"""
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page()


def test_each_code_has_its_place() -> None:
    written = parse(page())
    assert {heading.text for heading in written.headings if heading.level == 3} == set(CODES)
    assert {f"#{code.lower()}" for code in CODES} <= set(written.links)
