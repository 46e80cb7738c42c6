from __future__ import annotations

import re

from tests.routing.render.tables import Home, full, report_of, shown
from tornkit.routing.render import markdown
from tornkit.routing.render.rows import columns_in_use


def cells(line: str) -> list[str]:
    """As GitHub splits a line: at pipes that no backslash stands before."""
    inner = re.split(r"(?<!\\)\|", line)[1:-1]
    return [cell.strip().replace(r"\|", "|") for cell in inner]


def test_a_table_that_github_reads() -> None:
    rows, below = shown(full())
    lines = markdown.document(rows, below).split("\n\n")[0].splitlines()
    columns = columns_in_use(rows)
    assert len(lines) == 2 + 15
    assert {len(cells(line)) for line in lines} == {len(columns)}
    assert cells(lines[0])[:3] == ["#", "mark", "host"]
    assert set(cells(lines[1])) == {"---:", "---"}
    pattern = columns.index("pattern")
    assert cells(lines[2 + 9])[pattern] == "`/a|/b`"
    assert cells(lines[2 + 6])[pattern] == "`/entry/(?P<slug>[a-z0-9-]+)`"
    assert r"`/a\|/b`" in lines[2 + 9]


def test_backticks_and_escaped_pipes_in_a_pattern() -> None:
    rows, _ = shown(report_of((r"/a\|b", Home), ("/`x`", Home), ("/``", Home)))
    lines = markdown.document(rows, [], ["pattern"]).splitlines()
    assert [cells(line)[0] for line in lines[2:5]] == [
        r"`/a\|b`".replace(r"\|", r"\|"),
        "`` /`x` ``",
        "``` /`` ```",
    ]
    assert lines[2] == r"| `/a\\|b` |"


def test_marks_sentences_and_findings_below() -> None:
    rows, below = shown(full())
    parts = markdown.document(rows, below).split("\n\n")
    assert parts[1].splitlines()[-1] == "- `!` the name does not reverse to this route"
    assert parts[2].splitlines()[0] == "15 routes.  "
    findings = parts[3].splitlines()
    assert [line[:16] for line in findings] == ["- TK301 route 8 ", "- TK302 route 7 "]
    assert "`" not in findings[0]


def test_text_is_no_markup() -> None:
    assert markdown.escaped("a_b <x> *y* [z] `c` |") == (r"a\_b \<x\> \*y\* \[z\] \`c\` \|")


def test_an_empty_table() -> None:
    rows, below = shown(report_of())
    assert markdown.document(rows, below) == "0 routes.\n"
