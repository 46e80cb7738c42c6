"""Pages of docs/: what they show is what happens, and each block of theirs is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.markdown import Block, read, stories
from tests.docs.stories import Story, commands_of

PAGES = (
    "docs/README.md",
    "docs/new.md",
    "docs/quickstart.md",
    "docs/several-workers.md",
    "docs/settings.md",
    "docs/finding-codes.md",
    "docs/how-it-works.md",
    "docs/moving.md",
)
_KINDS = {"console", "sh"}
# Servers, one after another: these take 5 to 15 s.
_LONG = {
    "quickstart: Install",
    "new: A new project",
    "several-workers: Several workers",
    "how-it-works: Processes",
}


def _name(page: str, blocks: list[Block]) -> str:
    return f"{Path(page).stem}: {blocks[0].heading}"


STORIES = [
    pytest.param(
        blocks,
        id=_name(page, blocks),
        marks=[pytest.mark.thorough] * (_name(page, blocks) in _LONG),
    )
    for page in PAGES
    for blocks in stories(read(page))
]
SLOW_STORIES = [
    pytest.param(
        blocks,
        id=_name(page, blocks),
        marks=[pytest.mark.thorough, *[pytest.mark.release] * (page == "docs/quickstart.md")],
    )
    for page in PAGES
    for blocks in stories(read(page))
    if any("slow" in block.directives for block in blocks)
]


@pytest.mark.thorough
@pytest.mark.timeout(180)  # a page is several servers, one after another
@pytest.mark.parametrize("blocks", STORIES)
def test_what_a_page_shows_happens(blocks: list[Block], tmp_path: Path) -> None:
    with Story(tmp_path, slow=False) as story:
        story.play(blocks)


@pytest.mark.timeout(1800)  # installations, one after another
@pytest.mark.parametrize("blocks", SLOW_STORIES)
def test_it_does_from_the_installation_on(blocks: list[Block], tmp_path: Path) -> None:
    with Story(tmp_path, slow=True) as story:
        story.play(blocks)


@pytest.mark.parametrize("page", PAGES)
def test_each_block_is_run_or_says_why_not(page: str) -> None:
    for block in read(page).blocks:
        if "shown" in block.directives:
            assert block.directives["shown"], block
        elif not {"file", "edit"} & set(block.directives):
            assert block.language in _KINDS, block
            assert commands_of(block), block
