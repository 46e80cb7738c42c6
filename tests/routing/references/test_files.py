from __future__ import annotations

from pathlib import Path

import pytest

from tornkit.routing.model import Places
from tornkit.routing.references import references
from tornkit.routing.references.files import named_in, template_files

LINK = "{{ reverse_url('a') }}"


def write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def found(root: Path, *folders: str, code: str = "") -> list[str]:
    """The templates that hold the word, relative to ``root``.

    :param folders: the template folders.
    :param code: a module of the user's own in ``root``.
    """
    module = root / "module.py"
    module.write_text(code)
    places = Places((str(module),), tuple(str(root / folder) for folder in folders))
    files = [Path(use.source.file) for use in references(places).uses]
    return [str(file.relative_to(root)) for file in files]


def test_all_files_of_the_folders_that_hold_the_word(tmp_path: Path) -> None:
    linking = ["t/a.html", "t/mail.txt", "t/page.HTML", "t/sub/deep/b.xml"]
    write(tmp_path, dict.fromkeys(linking, LINK))
    write(tmp_path, {"t/other.html": "{% nothing of ours %}", "elsewhere.html": LINK})
    assert found(tmp_path, "t") == linking


def test_what_is_no_template_where_the_folder_is_the_whole_project(tmp_path: Path) -> None:
    others = [
        *("README.md", "app.py", "node_modules/a/b.html", "venv/lib/c.html", ".git/d.html"),
        *("lib/site-packages/e.html", "__pycache__/f.html"),
    ]
    write(tmp_path, dict.fromkeys(others, LINK))
    write(tmp_path, {"venv/pyvenv.cfg": "", "index.html": LINK})
    assert found(tmp_path, ".") == ["index.html"]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    assert found(tmp_path, "nowhere") == []


def test_each_file_is_looked_at_once(tmp_path: Path) -> None:
    files = {"t/a.html": LINK, "t/b.html": LINK + "{% include 'a.html' %}"}
    write(tmp_path, files)
    assert found(tmp_path, "t", "t", "t/../t", code="self.render('a.html')") == sorted(files)


@pytest.mark.parametrize(
    "code",
    [
        "self.render('page.html')",
        'self.render("page.html", x=1)',
        "self.render(\n    'page.html',\n)",
        "self.render_string('page.html')",
        "self.handler.render_string(path='page.html')",
        "self.render(template_name='page.html')",
        "TEMPLATE = 'page.html'\nself.render(TEMPLATE)",
    ],
)
def test_what_code_renders_beside_itself(tmp_path: Path, code: str) -> None:
    write(tmp_path, {"page.html": LINK, "another.html": LINK})
    assert found(tmp_path, code=code) == ["page.html"]


def test_a_render_call_may_name_any_suffix(tmp_path: Path) -> None:
    write(tmp_path, {"page.md": LINK, "note.md": LINK})
    assert found(tmp_path, code="self.render('page.md'); open('note.md')") == ["page.md"]


def test_the_template_folder_comes_before_the_code_s_own(tmp_path: Path) -> None:
    write(tmp_path, {"page.html": LINK, "only.html": LINK, "t/page.html": LINK})
    code = "self.render('page.html'); self.render('only.html')"
    assert found(tmp_path, "t", code=code) == ["only.html", "t/page.html"]


def test_what_templates_extend_include_and_render(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "page.html": "{% extends 'layout/base.html' %}",
            "layout/base.html": "{% include 'nav.html' %}{% module Template('side.html') %}",
            "layout/nav.html": LINK + "{% include '../foot.md' %}",
            "side.html": LINK + "{% include 'page.html' %}",  # round in a circle
            "foot.md": LINK,
        },
    )
    assert found(tmp_path, code="self.render('page.html')") == [
        "foot.md",
        "layout/nav.html",
        "side.html",
    ]


def test_an_absolute_name(tmp_path: Path) -> None:
    write(tmp_path, {"elsewhere/page.html": LINK})
    code = f"self.render('{tmp_path}/elsewhere/page.html')"
    assert found(tmp_path, code=code) == ["elsewhere/page.html"]


def test_names_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    code = "self.render('folder.html'); self.render('no.html'); self.render('\\0.html')"
    assert found(tmp_path, code=code) == []
    assert not template_files([str(tmp_path)], {str(tmp_path): frozenset({"\0.html"})})


def test_a_file_that_renders_nothing_names_nothing() -> None:
    assert not named_in(b"open('page.html')")
