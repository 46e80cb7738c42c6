"""Corners of static files and redirects; the checks' `test_handlers` asks Tornado itself."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.routing.handmade import a_route
from tornkit.routing.handlers.forwarding import Given
from tornkit.routing.handlers.ready_made import (
    beside_a_file,
    folder_maker,
    missing_folder,
    unfillable_redirect,
    unusable_path,
)
from tornkit.routing.model import Keyword, Route, RouteTarget, TargetKind
from tornkit.routing.reading.values import shown

MISSING = "/no/where"


def static(path: object = MISSING, *overrides: str, **more: object) -> Route:
    return of_kind(TargetKind.STATIC, overrides, path=path, **more)


def redirect(url: object, *overrides: str) -> Route:
    return of_kind(TargetKind.REDIRECT, overrides, url=url)


def of_kind(kind: TargetKind, overrides: tuple[str, ...], **kwargs: object) -> Route:
    target = RouteTarget("app.Handler", kind, overrides=overrides)
    keywords = tuple(Keyword(name, shown(name, value), value) for name, value in kwargs.items())
    return a_route("/(x)", target=target, kwargs=keywords)


class AsPath(os.PathLike[Any]):
    def __init__(self, path: Any) -> None:
        self.path = path

    def __fspath__(self) -> Any:
        return self.path


class TestFolder:
    def test_one_that_does_not_exist(self) -> None:
        assert missing_folder(static()) == (
            "its folder /no/where does not exist, so that every request is a 404"
        )
        assert missing_folder(static(AsPath(MISSING))) == missing_folder(static())

    def test_one_that_does(self, tmp_path: Path) -> None:
        assert missing_folder(static(str(tmp_path))) is None
        assert missing_folder(static(tmp_path)) is None

    def test_a_password_in_its_name_is_masked(self) -> None:
        said = missing_folder(static("/no/token=hunter2"))
        assert said is not None
        assert "hunter2" not in said

    @pytest.mark.parametrize("path", [b"/no/where", 5])
    def test_an_object_that_only_looks_like_a_path_is_left_alone(self, path: object) -> None:
        assert missing_folder(static(AsPath(path))) is None
        assert unusable_path(static(AsPath(path))) is None

    @pytest.mark.parametrize("path", [None, 5, b"/no/where", ["/no/where"]])
    def test_what_is_no_path_is_told_as_that_and_nothing_else(self, path: object) -> None:
        assert unusable_path(static(path)) == (
            f"its path is {path!r}, not the name of a folder, so that every request fails"
        )
        assert missing_folder(static(path)) is None

    def test_a_text_is_usable(self) -> None:
        assert unusable_path(static()) is None

    @pytest.mark.parametrize("path", [MISSING, None])
    def test_another_handler_may_do_anything_with_a_path(self, path: object) -> None:
        other = of_kind(TargetKind.HANDLER, (), path=path)
        assert missing_folder(other) is None
        assert unusable_path(other) is None

    @pytest.mark.parametrize(
        "method",
        [
            *("initialize", "get", "parse_url_path", "get_absolute_path"),
            *("validate_absolute_path", "get_content", "get_content_size", "get_modified_time"),
        ],
    )
    def test_a_subclass_that_serves_something_else_is_left_alone(self, method: str) -> None:
        assert missing_folder(static(MISSING, method)) is None
        assert unusable_path(static(None, method)) is None

    def test_a_subclass_that_only_adds_headers_is_not(self) -> None:
        assert missing_folder(static(MISSING, "prepare", "set_extra_headers")) is not None

    def test_without_a_path_there_is_nothing_to_say(self) -> None:
        """Reason: that is TK402."""
        bare = replace(static(), kwargs=())
        assert missing_folder(bare) is None
        assert unusable_path(bare) is None


class TestBesideTheCode:
    def test_a_relative_folder_is_looked_for_beside_each_file(self, tmp_path: Path) -> None:
        (tmp_path / "b" / "files").mkdir(parents=True)
        files = [str(tmp_path / "a" / "app.py"), str(tmp_path / "b" / "app.py")]
        there = str(tmp_path / "b" / "files")
        assert beside_a_file(static("files"), files) == there
        assert beside_a_file(static(Path("files")), files) == there
        assert beside_a_file(static("files"), files[:1]) is None
        assert beside_a_file(static("files"), []) is None

    def test_of_two_the_first_by_name(self, tmp_path: Path) -> None:
        for name in ("a", "b"):
            (tmp_path / name / "files").mkdir(parents=True)
        files = [str(tmp_path / "b" / "app.py"), str(tmp_path / "a" / "app.py")]
        assert beside_a_file(static("files"), files) == str(tmp_path / "a" / "files")

    def test_an_absolute_one_is_where_it_is(self, tmp_path: Path) -> None:
        assert beside_a_file(static(str(tmp_path)), [str(tmp_path / "app.py")]) is None

    @pytest.mark.parametrize("path", [None, b"files", 5])
    def test_what_is_no_path_is_nowhere(self, tmp_path: Path, path: object) -> None:
        assert beside_a_file(static(path), [str(tmp_path / "app.py")]) is None


class TestMakesFolders:
    def made(self, folder: Path, source: str) -> str | None:
        file = folder / "upload.py"
        file.write_text(source)
        return folder_maker([str(file)])

    @pytest.mark.parametrize(
        "call",
        ["os.mkdir(x)", "makedirs(x)", "Path(x).mkdir(parents=True)", "shutil.copytree(x, y)"],
    )
    def test_a_call_is_told_with_its_line(self, tmp_path: Path, call: str) -> None:
        assert self.made(tmp_path, f"# mkdir\ndef f(x, y):\n    {call}\n") == "upload.py:3"

    @pytest.mark.parametrize(
        "source",
        [
            "mkdir = 1\n",
            "x.mkdir\n",
            "'os.mkdir(x)'\n",
            "f(mkdir)\n",
            "mkdirs(x)\n",
            "my_mkdir(x)\n",
        ],
    )
    def test_what_is_no_such_call_is_not(self, tmp_path: Path, source: str) -> None:
        assert self.made(tmp_path, source) is None

    @pytest.mark.parametrize("source", ["os.mkdir(x", "mkdir(\0)"])
    def test_a_file_that_is_broken_or_gone_is_passed_over(
        self, tmp_path: Path, source: str
    ) -> None:
        (tmp_path / "broken.py").write_text(source)
        (tmp_path / "good.py").write_text("\nos.mkdir(x)\n")
        names = ("gone.py", "broken.py", "good.py")
        assert folder_maker([str(tmp_path / name) for name in names]) == "good.py:2"

    def test_the_first_line_counts_though_it_is_nested_deeper(self, tmp_path: Path) -> None:
        source = "def f(x):\n    if x:\n        os.mkdir(x)\n\nos.mkdir('b')\n"
        assert self.made(tmp_path, source) == "upload.py:3"

    def test_the_first_file_counts(self, tmp_path: Path) -> None:
        for name in ("b.py", "a.py"):
            (tmp_path / name).write_text("mkdir(x)\n")
        assert folder_maker([str(tmp_path / "b.py"), str(tmp_path / "a.py")]) == "b.py:1"

    def test_no_files(self) -> None:
        assert folder_maker([]) is None


class TestRedirect:
    def test_the_reason_is_formats_own(self) -> None:
        assert unfillable_redirect(redirect("/{1}"), Given(1)) == (
            "its url '/{1}' can't be filled in (IndexError: Replacement index 1 out of range for "
            "positional args tuple), so that every request fails: the pattern has 1 group"
        )

    @pytest.mark.parametrize(
        ("url", "groups"),
        [
            ("/{a}", Given(1)),
            ("/{0}", Given(0, ("a",))),
            ("/{0.nothing}", Given(1)),
            ("/{0:d}", Given(1)),
            ("/{0!x}", Given(1)),
            ("/{0[a]}", Given(1)),
            ("/}", Given()),
        ],
    )
    def test_fields_that_fit_no_text(self, url: str, groups: Given) -> None:
        assert unfillable_redirect(redirect(url), groups) is not None

    @pytest.mark.parametrize(
        ("url", "groups"),
        [
            ("/{0}/{1}", Given(2)),
            ("/{}", Given(1)),
            ("/{a}", Given(0, ("a", "b"))),
            ("/{0[9]}", Given(1)),  # of a group that is long enough
            ("/{0!r:>20}", Given(1)),
            ("/{{a}}", Given()),
        ],
    )
    def test_fields_that_fit_some(self, url: str, groups: Given) -> None:
        assert unfillable_redirect(redirect(url), groups) is None

    def test_a_field_of_endless_width_is_not_tried(self) -> None:
        assert unfillable_redirect(redirect("/{0:>99999999999}/{9}"), Given(1)) is None

    def test_a_password_in_the_url_is_masked(self) -> None:
        said = unfillable_redirect(redirect("https://me:hunter2@a.org/{9}"), Given())
        assert said is not None
        assert "hunter2" not in said

    @pytest.mark.parametrize("url", [None, b"/x", 5, 1.5, True, ["/x"], {"a": 1}, ("/x",)])
    def test_what_has_no_format_is_no_url(self, url: object) -> None:
        said = unfillable_redirect(redirect(url), Given())
        assert said == f"its url is {url!r}, not a text, so that every request fails"

    def test_an_object_of_the_users_own_may_format_itself(self) -> None:
        class Lazy(str):
            def format(self, *args: object, **kwargs: object) -> str:
                raise AssertionError("code of the user's own is not called")

        assert unfillable_redirect(redirect(Lazy("/{9}")), Given()) is None
        assert unfillable_redirect(redirect(object()), Given()) is None

    @pytest.mark.parametrize("method", ["initialize", "get"])
    def test_a_subclass_that_does_it_otherwise_is_left_alone(self, method: str) -> None:
        assert unfillable_redirect(redirect("/{9}", method), Given()) is None
        assert unfillable_redirect(redirect("/{9}", "prepare"), Given()) is not None

    def test_another_handler_may_do_anything_with_a_url(self) -> None:
        assert unfillable_redirect(of_kind(TargetKind.HANDLER, (), url="/{9}"), Given()) is None

    def test_without_a_url_there_is_nothing_to_say(self) -> None:
        """Reason: that is TK402."""
        assert unfillable_redirect(of_kind(TargetKind.REDIRECT, ()), Given()) is None
