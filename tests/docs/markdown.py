"""A page taken apart: its headings, its links, and its blocks of code with their directives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"(?P<indent> *)```(?P<language>\S*)\s*")
_DIRECTIVE = re.compile(r"<!-- (?P<name>[a-z ]+?)(?:: (?P<value>.+?))? -->")
_HEADING = re.compile(r"(?P<level>#{1,6}) (?P<text>.+?)\s*")
_LINK = re.compile(r"(?<!\\)\[(?P<text>(?:[^\[\]]|`[^`]*`)*)\]\((?P<target>[^()\s]+)\)")
_SPAN = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


@dataclass(frozen=True)
class Block:
    """A block of code, below which heading it stands, and what its directives say."""

    language: str
    text: str
    line: int
    heading: str
    directives: Mapping[str, str]


@dataclass(frozen=True)
class Heading:
    """A heading; ``level`` is 1 for that of the page."""

    level: int
    text: str


@dataclass
class Page:
    """A page of Markdown; ``prose`` is all of it that stands in no block."""

    headings: list[Heading] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    prose: str = ""

    @property
    def links(self) -> list[str]:
        """Where the links of the page lead."""
        return [found["target"] for found in _LINK.finditer(_SPAN.sub("", self.prose))]

    @property
    def spans(self) -> list[str]:
        """Pieces of code within the text."""
        return _SPAN.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """Anchors of the headings, as GitHub makes them: the second of two alike ends in ``-1``."""
        seen: dict[str, int] = {}
        found = set()
        for heading in self.headings:
            anchor = _anchor(heading.text)
            count = seen.get(anchor, 0)
            seen[anchor] = count + 1
            found.add(f"{anchor}-{count}" if count else anchor)
        return found


def _anchor(heading: str) -> str:
    """``What it *costs*, `a b` too`` -> ``what-it-costs-a-b-too``"""
    text = _LINK.sub(lambda found: found["text"], heading)
    return re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")


def parse(text: str) -> Page:
    """Take a page apart.

    :raises ValueError: a block has no end.
    """
    page = Page()
    prose: list[str] = []
    directives: dict[str, str] = {}
    lines = iter(enumerate(text.splitlines(), 1))
    for number, line in lines:
        if fence := _FENCE.fullmatch(line):
            heading = page.headings[-1].text if page.headings else ""
            content = _until_fence(lines, fence["indent"], number)
            page.blocks.append(Block(fence["language"], content, number, heading, directives))
            directives = {}
            continue
        prose.append(line)
        if found := _HEADING.fullmatch(line):
            page.headings.append(Heading(len(found["level"]), found["text"]))
        if found := _DIRECTIVE.fullmatch(line.strip()):
            directives[found["name"]] = found["value"] or ""
        elif line.strip():
            # One that begins a story may stand above a heading or a paragraph.
            directives = {name: value for name, value in directives.items() if name == "story"}
    page.prose = "\n".join(prose)
    return page


def _until_fence(lines: Iterator[tuple[int, str]], indent: str, start: int) -> str:
    content: list[str] = []
    for _, line in lines:
        if line.strip() == "```":
            return "".join(f"{each.removeprefix(indent)}\n" for each in content)
        content.append(line)
    raise ValueError(f"the block that begins in line {start} has no end")


def read(name: str) -> Page:
    """A page of the repository, by its path."""
    return parse((ROOT / name).read_text(encoding="utf-8"))


def with_made_part(name: str, made: str) -> str:
    """A page whose part below the line ``<!-- made ... -->`` is ``made``, the rest as it is."""
    text = (ROOT / name).read_text(encoding="utf-8")
    line = re.search(r"^<!-- made .*-->\n", text, re.MULTILINE)
    if line is None:
        raise ValueError(f"{name} has no line <!-- made ... -->")
    return f"{text[: line.end()]}\n{made}\n"


def pages() -> list[str]:
    """Paths of README and of all pages of docs/."""
    return ["README.md", *(f"docs/{path.name}" for path in sorted((ROOT / "docs").glob("*.md")))]


def stories(page: Page) -> list[list[Block]]:
    """Blocks of a page, divided where a directive says that a story begins."""
    found: list[list[Block]] = [[]]
    for block in page.blocks:
        if "story" in block.directives:
            found.append([])
        found[-1].append(block)
    return [blocks for blocks in found if blocks]
