"""``# tornkit: ignore[...]``: which comments silence which findings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tornkit.routing.conditions import PathCondition
from tornkit.routing.findings.codes import finding
from tornkit.routing.findings.comments import Comments
from tornkit.routing.model import Route, RouteTarget, Source, TargetKind

PATTERN = r"/a.b"


def a_route(
    file: Path, declared: int | None = None, handler: int | None = None, pattern: str = PATTERN
) -> Route:
    def line(number: int | None) -> Source | None:
        return None if number is None else Source(str(file), number)

    target = RouteTarget("app.Handler", TargetKind.HANDLER, source=line(handler))
    condition = PathCondition(re.compile(pattern + "$"))
    return Route(0, (), condition, target, declared=line(declared))


def silenced(
    file: Path,
    text: str,
    code: str = "TK501",
    declared: int | None = None,
    handler: int | None = None,
) -> bool:
    """Whether a finding at the declaration (else the handler) is silent in that text."""
    file.write_text(text)
    route = a_route(file, declared, handler)
    return Comments().silence(finding(code, "x", route=0, where=route.where), route)


@pytest.fixture
def app(tmp_path: Path) -> Path:
    return tmp_path / "app.py"


@pytest.mark.parametrize(
    "comment",
    [
        "# tornkit: ignore[TK501]",
        "#tornkit:ignore[TK501]",
        "# tornkit: ignore[TK201, TK501]",
        "# tornkit: ignore[tk501]",
        "# tornkit: ignore[TK501] a dot is a dot",
        "# tornkit: ignore",
        "# noqa: E501  # tornkit: ignore[TK501]",
        "# tornkit: ignore  # noqa",
    ],
)
def test_a_comment_on_the_line_itself(app: Path, comment: str) -> None:
    assert silenced(app, f'x = ("/a.b", H)  {comment}\n', declared=1)


@pytest.mark.parametrize(
    "comment",
    [
        "",
        "# tornkit: ignore[TK502]",
        "# tornkit: ignore[TK5]",  # codes are whole
        "# tornkit: ignore[TK]",
        "# tornkit: ignore[]",
        "# tornkit: ignore TK501",  # it was not meant for all
        "# tornkit: ignored",
        "# tornkit: ignore-file",
        "# ignore[TK501]",
        "# tornkit ignore[TK501]",
    ],
)
def test_what_is_no_such_comment(app: Path, comment: str) -> None:
    assert not silenced(app, f'x = ("/a.b", H)  {comment}\n', declared=1)


def test_a_string_that_holds_the_words_is_no_comment(app: Path) -> None:
    assert not silenced(app, 'x = ("/a.b", H, "# tornkit: ignore")\n', declared=1)
    assert not silenced(app, '"""\n# tornkit: ignore\n"""; x = ("/a.b", H)\n', declared=3)


MANY_LINES = """\
rules = [
    (r"/other", H),  # tornkit: ignore[TK401]
    url(  # tornkit: ignore[TK101]
        r"/a.b",  # tornkit: ignore[TK201]
        H,
        {"page": 1},  # tornkit: ignore[TK301]
        name="ab",
    ),  # tornkit: ignore[TK501]
    (r"/next", H),  # tornkit: ignore[TK402]
]  # tornkit: ignore[TK403]
"""


@pytest.mark.parametrize("code", ["TK101", "TK201", "TK301", "TK501"])
def test_any_line_of_the_declaration(app: Path, code: str) -> None:
    assert silenced(app, MANY_LINES, code, declared=4)


@pytest.mark.parametrize("code", ["TK401", "TK402", "TK403"])
def test_no_line_of_another(app: Path, code: str) -> None:
    assert not silenced(app, MANY_LINES, code, declared=4)


@pytest.mark.parametrize(
    "rule",
    [
        '(\n    r"/a.b",\n    H,  # tornkit: ignore[TK501]\n)',
        'Rule(\n    PathMatches(r"/a.b"),\n    H,  # tornkit: ignore[TK501]\n)',
        'url(\n    re.compile(r"/a.b$"),\n    H,  # tornkit: ignore[TK501]\n)',
        'url(\n    pattern=r"/a.b",\n    handler=H,  # tornkit: ignore[TK501]\n)',
        'route(\n    f"{ROOT}/a.b",\n    H,  # tornkit: ignore[TK501]\n)',
        '(\n    PREFIX + "/a.b",\n    H,  # tornkit: ignore[TK501]\n)',
    ],
)
def test_every_form_of_a_rule(app: Path, rule: str) -> None:
    assert silenced(app, f"rules = [{rule}]\n", declared=2)
    assert not silenced(app, f"rules = [{rule}]\n", "TK101", declared=2)


HANDLER = """\
@removeslash  # tornkit: ignore[TK101]
@stamped(
    "x",  # tornkit: ignore[TK201]
)
class Handler(  # tornkit: ignore[TK301]
    RequestHandler,  # tornkit: ignore[TK302]
):
    name = 1  # tornkit: ignore[TK401]
"""


@pytest.mark.parametrize("code", ["TK101", "TK201", "TK301", "TK302"])
def test_the_head_of_the_handlers_class(app: Path, code: str) -> None:
    assert silenced(app, HANDLER, code, handler=5)


def test_not_its_body(app: Path) -> None:
    assert not silenced(app, HANDLER, "TK401", handler=5)


def test_where_the_finding_points_besides_the_route(tmp_path: Path) -> None:
    app, other = tmp_path / "app.py", tmp_path / "other.py"
    app.write_text('x = ("/a.b", H)\n')
    other.write_text("def get(self): ...  # tornkit: ignore[TK401]\n")
    route = a_route(app, declared=1)
    for code, silent in (("TK401", True), ("TK402", False)):
        found = finding(code, "x", route=0, where=Source(str(other), 1))
        assert Comments().silence(found, route) is silent


def test_a_finding_about_no_route(app: Path) -> None:
    app.write_text('self.reverse_url("x")  # tornkit: ignore[TK601]\n')
    found = finding("TK601", "x", where=Source(str(app), 1))
    assert Comments().silence(found, None)
    assert not Comments().silence(finding("TK601", "x"), None)


@pytest.mark.parametrize(
    ("line", "silent"),
    [
        ('{{ reverse_url("x") }} {# tornkit: ignore[TK601] #}', True),
        ('{{ reverse_url("x") }} {#tornkit:ignore#}', True),
        ("{# tornkit: ignore[TK601, TK602] it is made by a plug-in #}", True),
        ("{# tornkit: ignore[TK602] #}", False),
        ("{# tornkit: ignore TK601 #}", False),
        ("<!-- # tornkit: ignore[TK601] -->", False),
        ("{#! tornkit: ignore[TK601] #}", False),
    ],
)
def test_templates(tmp_path: Path, line: str, silent: bool) -> None:
    page = tmp_path / "page.html"
    page.write_text(f"<p>\n{line}\n</p>\n")
    at = [Source(str(page), number) for number in (1, 2, 3)]
    told = [Comments().silence(finding("TK601", "x", where=where), None) for where in at]
    assert told == [False, silent, False]


def test_lines_are_counted_as_tornado_counts_them(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("\u2028\x0c\n{# tornkit: ignore #}\n", encoding="utf-8")
    assert Comments().silence(finding("TK601", "x", where=Source(str(page), 2)), None)


@pytest.mark.parametrize(
    "content",
    [b"x = ( # tornkit: ignore\n", b"x = '\xff' # tornkit: ignore\n", b"if x:\n# tornkit: ignore"],
)
def test_files_that_are_not_whole(app: Path, content: bytes) -> None:
    app.write_bytes(content)
    route = a_route(app, declared=99)
    assert not Comments().silence(finding("TK501", "x", route=0, where=route.where), route)


def test_files_that_are_not_there() -> None:
    gone = Source("/nowhere/app.py", 1)
    assert not Comments().silence(finding("TK501", "x", where=gone), None)


def test_a_declared_encoding(app: Path) -> None:
    app.write_bytes(b"# -*- coding: latin-1 -*-\nx = '\xe9'  # tornkit: ignore[TK501]\n")
    assert Comments().silence(finding("TK501", "x", where=Source(str(app), 2)), None)
