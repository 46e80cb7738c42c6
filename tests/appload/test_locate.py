"""From words to a `Target`. The files hold code that must not run: it would raise."""

from __future__ import annotations

import os
import zipapp
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tornkit.appload import Target, locate
from tornkit.appload.target import Kind, Serves
from tornkit.errors import AppNotFound, NoSuchModule, UsageError

Write = Callable[..., Path]

APPLICATION = "def make_app(): ...\nraise SystemExit('this was imported')\n"
PROGRAM = "if __name__ == '__main__':\n    main()\nraise SystemExit('this was run')\n"
BOTH = "def make_app(): ...\nif __name__ == '__main__':\n    make_app().listen(8888)\n"


def application(
    here: Path, label: str, module: str, path: str | None, attribute: str | None
) -> Target:
    """What an application of the current folder has to be found as."""
    return Target(
        kind=Kind.APPLICATION,
        label=label,
        import_root=str(here),
        project=str(here),
        module=module,
        path=None if path is None else str(here / path),
        attribute=attribute,
    )


def program(here: Path, path: str, label: str, arguments: tuple[str, ...] = ()) -> Target:
    folder = str((here / path).parent)
    return Target(
        kind=Kind.PROGRAM,
        label=label,
        import_root=folder,
        project=folder,
        path=str(here / path),
        arguments=arguments,
    )


class TestModule:
    def test_with_attribute(self, here: Path) -> None:
        expected = application(here, "board.web:make_app", "board.web", None, "make_app")
        assert locate("board.web:make_app") == expected

    def test_without_attribute(self, here: Path) -> None:
        assert locate("board") == application(here, "board", "board", None, None)

    def test_dotted_attribute(self, here: Path) -> None:
        assert locate("board:Site.app").attribute == "Site.app"

    @pytest.mark.parametrize("words", [":app", "board:", ":", "app.py:"])
    def test_half_of_a_pair(self, here: Path, words: str) -> None:
        with pytest.raises(UsageError, match="neither module:attr nor file"):
            locate(words)

    @pytest.mark.parametrize("words", [".board:app", "board.:app", "board..web"])
    def test_relative_name(self, here: Path, words: str) -> None:
        with pytest.raises(UsageError, match="is no module"):
            locate(words)


class TestFile:
    def test_application(self, here: Path, write: Write) -> None:
        write("web.py", APPLICATION)
        assert locate("web.py") == application(here, "web.py:make_app", "web", "web.py", "make_app")

    def test_program(self, here: Path, write: Write) -> None:
        write("tools/web.py", PROGRAM)
        assert locate("tools/web.py") == program(here, "tools/web.py", "tools/web.py")

    def test_with_attribute_is_never_a_program(self, here: Path, write: Write) -> None:
        write("web.py", PROGRAM)
        assert locate("web.py:site.app") == application(
            here, "web.py:site.app", "web", "web.py", "site.app"
        )

    def test_both_is_a_program_when_it_is_named(self, here: Path, write: Write) -> None:
        write("app.py", BOTH)
        assert locate("app.py") == program(here, "app.py", "app.py")
        assert locate("app.py:make_app").kind is Kind.APPLICATION

    def test_nothing_usual_in_it(self, here: Path, write: Write) -> None:
        """Loading tells what is missing; an import by ``*`` may hold it."""
        write("web.py", "from core import *\n")
        assert locate("web.py") == application(here, "web.py", "web", "web.py", None)

    def test_name_that_is_no_identifier(self, here: Path, write: Write) -> None:
        write("my-app.py", APPLICATION)
        assert locate("my-app.py").module == "my-app"

    @pytest.mark.parametrize("words", ["web.py", "web.py:app", "tools/web", "./web"])
    def test_missing(self, here: Path, words: str) -> None:
        with pytest.raises(NoSuchModule) as caught:
            locate(words)
        assert str(caught.value) == f"there is no file {words.partition(':')[0]} (looked in {here})"

    def test_absolute_and_from_home(
        self, here: Path, write: Write, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write("web/main.py", APPLICATION)
        monkeypatch.setenv("HOME", str(here))
        assert locate(str(path)).path == str(path)
        assert locate("~/web/main.py").path == str(path)

    def test_another_current_folder(self, here: Path, write: Write) -> None:
        path = write("web/main.py", APPLICATION)
        assert locate("main.py", cwd=here / "web").path == str(path)


class TestPackage:
    def test_name_starts_at_the_topmost_package(self, here: Path, write: Write) -> None:
        write("src/board/__init__.py")
        write("src/board/web/__init__.py")
        path = write("src/board/web/app.py", APPLICATION)
        assert locate("src/board/web/app.py") == Target(
            kind=Kind.APPLICATION,
            label="src/board/web/app.py:make_app",
            import_root=str(here / "src"),
            project=str(here / "src/board"),
            module="board.web.app",
            path=str(path),
            attribute="make_app",
        )

    def test_init_file_is_the_package_itself(self, here: Path, write: Write) -> None:
        write("board/__init__.py", APPLICATION)
        target = locate("board/__init__.py")
        assert (target.module, target.import_root) == ("board", str(here))


class TestFolder:
    def test_usual_files_in_order(self, here: Path, write: Write) -> None:
        for name in ("board/app.py", "server.py", "main.py", "app.py"):
            write("site/board/__init__.py")
            write(f"site/{name}", APPLICATION)
            target = locate("site")
            assert target.path == str(here / "site" / name)
            assert target.label == f"site/{name}:make_app"

    def test_application_found_in_a_file_that_is_both(self, here: Path, write: Write) -> None:
        write("site/app.py", BOTH)
        target = locate("site")
        assert (target.kind, target.attribute) == (Kind.APPLICATION, "make_app")

    def test_application_before_a_program(self, here: Path, write: Write) -> None:
        write("site/app.py", PROGRAM)
        write("site/server.py", APPLICATION)
        assert locate("site").path == str(here / "site/server.py")

    def test_program_where_there_is_nothing_else(self, here: Path, write: Write) -> None:
        write("site/main.py", PROGRAM)
        assert locate("site") == program(here, "site/main.py", "site/main.py")

    def test_star_import_may_bring_it(self, here: Path, write: Write) -> None:
        write("site/app.py", "from core import *\n")
        target = locate("site")
        assert (target.kind, target.attribute) == (Kind.APPLICATION, None)

    def test_pyproject_of_the_folder(self, here: Path, write: Write) -> None:
        write("site/pyproject.toml", '[tool.tornkit]\napp = "odd.py:build"\n')
        write("site/app.py", APPLICATION)
        write("site/odd.py", APPLICATION)
        target = locate("site")
        assert (target.path, target.attribute) == (str(here / "site/odd.py"), "build")

    def test_pyproject_above_the_folder_does_not_count(self, here: Path, write: Write) -> None:
        write("pyproject.toml", '[tool.tornkit]\napp = "odd.py"\n')
        write("odd.py", APPLICATION)
        write("site/app.py", APPLICATION)
        assert locate("site").path == str(here / "site/app.py")

    def test_folder_before_a_module_of_that_name(self, here: Path, write: Write) -> None:
        write("board/__init__.py")
        write("board/app.py", APPLICATION)
        assert locate("board").module == "board.app"

    def test_with_attribute(self, here: Path, write: Write) -> None:
        write("site/app.py", APPLICATION)
        with pytest.raises(UsageError, match=r"name the file: site/app\.py:make_app"):
            locate("site:make_app")

    def test_nothing_found_names_the_programs_there(self, here: Path, write: Write) -> None:
        write("site/chat.py", PROGRAM)
        write("site/util.py", "x = 1")
        with pytest.raises(AppNotFound) as caught:
            locate("site")
        message = str(caught.value)
        assert message.startswith(f"no application found in {here / 'site'}. ")
        assert message.endswith("There is a program to name: chat.py.")
        assert "util.py" not in message
        assert "\n" not in message


class TestNothingGiven:
    def test_usual_file_here(self, here: Path, write: Write) -> None:
        write("app.py", BOTH)
        expected = application(here, "app.py:make_app", "app", "app.py", "make_app")
        assert locate(None) == expected

    def test_nearest_pyproject_above(self, here: Path, write: Write) -> None:
        write("pyproject.toml", '[tool.tornkit]\napp = "far.py"\n')
        write("site/pyproject.toml", '[tool.tornkit]\napp = "src/board/web.py:build"\n')
        write("site/src/board/web.py", APPLICATION)
        deep = here / "site/docs/more"
        deep.mkdir(parents=True)
        target = locate(None, cwd=deep)
        assert target.path == str(here / "site/src/board/web.py")
        assert target.attribute == "build"

    def test_module_in_pyproject_is_imported_from_its_folder(
        self, here: Path, write: Write
    ) -> None:
        write("pyproject.toml", '[tool.tornkit]\napp = "board.web:make_app"\n')
        (here / "docs").mkdir()
        target = locate(None, cwd=here / "docs")
        assert (target.module, target.import_root) == ("board.web", str(here))

    def test_pyproject_that_names_a_program(self, here: Path, write: Write) -> None:
        write("pyproject.toml", '[tool.tornkit]\napp = "chat.py"\n')
        write("chat.py", PROGRAM)
        assert locate(None, arguments=["--debug"]) == program(
            here, "chat.py", "chat.py", ("--debug",)
        )

    @pytest.mark.parametrize("text", ["", "[tool]\nother = 1", "[tool.tornkit.serve]\nport = 1"])
    def test_pyproject_that_says_nothing(self, here: Path, write: Write, text: str) -> None:
        write("pyproject.toml", text)
        write("main.py", APPLICATION)
        assert locate(None).path == str(here / "main.py")

    @pytest.mark.parametrize("app", [".", "", "../here"])
    def test_pyproject_that_names_its_own_folder(self, here: Path, write: Write, app: str) -> None:
        write("pyproject.toml", f'[tool.tornkit]\napp = "{app}"\n')
        write("app.py", APPLICATION)
        assert locate(None).path == str(here / "app.py")

    def test_pyprojects_that_name_each_other(self, here: Path, write: Write) -> None:
        write("pyproject.toml", '[tool.tornkit]\napp = "site"\n')
        write("site/pyproject.toml", '[tool.tornkit]\napp = ".."\n')
        write("app.py", APPLICATION)
        assert locate(None).path == str(here / "app.py")

    def test_app_has_to_be_a_string(self, here: Path, write: Write) -> None:
        write("pyproject.toml", "[tool.tornkit]\napp = 1\n")
        with pytest.raises(UsageError, match="app has to be a string"):
            locate(None)

    def test_nothing_anywhere(self, here: Path) -> None:
        with pytest.raises(AppNotFound, match=r"Looked in app\.py, main\.py, server\.py"):
            locate(None)


class TestProgramArguments:
    def test_for_a_program(self, here: Path, write: Write) -> None:
        write("chat.py", PROGRAM)
        arguments = ("--debug", "--", "x")
        assert locate("chat.py", None, arguments) == program(here, "chat.py", "chat.py", arguments)

    def test_make_a_named_file_a_program(self, here: Path, write: Write) -> None:
        """Nobody else could take them; a program may be of a shape that the survey misses."""
        write("chat.py", "import board\napp = board.start_serving()\n")
        assert locate("chat.py").kind is Kind.APPLICATION
        assert locate("chat.py", None, ["--debug"]).kind is Kind.PROGRAM

    @pytest.mark.parametrize("app", ["web.py:make_app", "web:make_app", None, "."])
    def test_for_an_application(self, here: Path, write: Write, app: str | None) -> None:
        write("web.py", APPLICATION)
        write("app.py", APPLICATION)
        with pytest.raises(UsageError, match="arguments behind -- are for a program"):
            locate(app, None, ["--debug"])


class TestDashM:
    def test_module(self, here: Path) -> None:
        assert locate(None, "board.main", ["--debug"]) == Target(
            kind=Kind.PROGRAM,
            label="-m board.main",
            import_root=str(here),
            project=str(here),
            module="board.main",
            arguments=("--debug",),
        )

    def test_excludes_app(self, here: Path) -> None:
        with pytest.raises(UsageError, match="not both"):
            locate("app.py", "board.main")


class TestWhatPythonRuns:
    """Besides files that end in ``.py``, and modules."""

    def test_folder_with_a_main(self, here: Path, write: Write) -> None:
        write("tool/__main__.py", "import side\n")
        expected = program(here, "tool/__main__.py", "tool/__main__.py")
        assert locate("tool") == locate("tool/__main__.py") == expected

    def test_package_with_a_main(self, here: Path, write: Write) -> None:
        write("src/tool/__init__.py")
        write("src/tool/__main__.py", "from .side import main\nmain()\n")
        found = locate("src/tool")
        assert (found.kind, found.module, found.path) == (Kind.PROGRAM, "tool", None)
        assert found.import_root == str(here / "src")

    def test_an_application_comes_first(self, here: Path, write: Write) -> None:
        write("tool/app.py", APPLICATION)
        write("tool/__main__.py")
        assert locate("tool").kind is Kind.APPLICATION

    @pytest.mark.parametrize("words", ["tool.pyz", "./tool.pyz"])
    def test_zip_application(self, here: Path, write: Write, words: str) -> None:
        write("tool/__main__.py")
        zipapp.create_archive(here / "tool", here / "tool.pyz", "/usr/bin/env python3")
        found = locate(words)
        assert (found.kind, found.path) == (Kind.PROGRAM, str(here / "tool.pyz"))
        assert found.import_root == found.path

    @pytest.mark.parametrize(
        "first", ["#!/x/bin/python3.11", "#!/usr/bin/env python", "#!/bin/sh\n'''exec' /x \"$0\""]
    )
    def test_installed_script(
        self, here: Path, write: Write, monkeypatch: pytest.MonkeyPatch, first: str
    ) -> None:
        """What is the user's own is where they are, not in the folder of all scripts."""
        write("bin/tool", f"{first}\n")
        monkeypatch.setenv("PATH", str(here / "bin"), prepend=os.pathsep)
        found = locate("bin/tool")
        assert (found.kind, found.path) == (Kind.PROGRAM, str(here / "bin/tool"))
        assert (found.import_root, found.project) == (str(here / "bin"), str(here))

    @pytest.mark.parametrize("text", ["#!/bin/sh\nexec x\n", "#!/usr/bin/perl\n", "\x7fELF"])
    def test_programs_of_others(self, here: Path, write: Write, text: str) -> None:
        write("tool", text)
        with pytest.raises(UsageError, match="no Python program"):
            locate("./tool")

    def test_a_module_comes_before_a_file_of_its_name(self, here: Path, write: Write) -> None:
        write("tool.py", APPLICATION)
        write("tool")
        assert locate("tool").module == "tool"

    def test_a_script_is_run_whole(self, here: Path, write: Write) -> None:
        write("tool", "#!/usr/bin/env python\n")
        with pytest.raises(UsageError, match="leave :app out"):
            locate("tool:app")

    @pytest.mark.parametrize(
        ("text", "kind"),
        [
            ("import lib\nlib.serve(object())\n", Kind.PROGRAM),
            ("import pyplot as plt\nif True:\n    plt.show()\n", Kind.PROGRAM),
            ("import lib\nsite = lib.App()\n", Kind.APPLICATION),
            ("import lib\napp = lib.App()\nlib.configure()\n", Kind.APPLICATION),
        ],
    )
    def test_script_without_a_guard(self, here: Path, write: Write, text: str, kind: Kind) -> None:
        """One that has nothing to serve under a usual name can only be a program."""
        write("run.py", text)
        assert locate("run.py").kind is kind


def test_an_application_that_serves_by_itself() -> None:
    found = Target(Kind.APPLICATION, "web.py:app", "/x", "/x", "web", "/x/web.py", "app")
    assert found.as_program(Serves.NOT) is found
    ran = found.as_program(Serves.IMPORTED)
    assert (ran.module, ran.path, ran.attribute) == (None, "/x/web.py", None)
    inside = replace(found, module="board.web", path="/x/board/web.py")
    ran = inside.as_program(Serves.IMPORTED)
    assert (ran.module, ran.path, ran.attribute) == ("board.web", None, None)
    called = found.as_program(Serves.CALLED)
    assert (called.module, called.attribute) == ("web", "app")
    assert {each.kind for each in (ran, called)} == {Kind.PROGRAM}
