"""``--check``: what is printed, what counts, and the exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.routes.checked import Entry, Home, Project
from tests.cli.routes.terminal import run, run_in_terminal, without_colours
from tornkit.routing.findings.codes import CODES


class TestResult:
    def test_all_is_well(self, project: Project) -> None:
        done = project.run("--check")
        assert (done.exit_code, done.stdout) == (
            0,
            f"All is well: 2 routes, {len(CODES) - 2} checks.\n",
        )

    def test_an_error(self, project: Project) -> None:
        project.break_a_name()
        done = project.run("--check")
        assert done.exit_code == 1
        assert done.stdout.startswith("route 2 opt  /opt/?  Home  ")
        assert "\n  error TK302  reverses to /opt/?" in done.stdout
        assert done.stdout.splitlines()[-2] == "1 error in 3 routes."

    def test_the_list_is_not_printed(self, project: Project) -> None:
        project.break_a_name()
        assert "route 0" not in project.run("--check").stdout

    def test_the_list_alone_does_not_fail(self, project: Project) -> None:
        project.break_a_name()
        assert project.run().exit_code == 0

    def test_noise_goes_to_standard_error(self, project: Project) -> None:
        done = project.run("--check")
        assert "noise" in done.stderr
        assert "noise" not in done.stdout

    def test_without_a_terminal_there_is_no_colour_and_no_progress(self, project: Project) -> None:
        project.break_a_name()
        done = project.run("--check")
        assert "\x1b" not in done.output
        assert "checking" not in done.stderr


class TestExitCode:
    @pytest.mark.parametrize(
        ("arguments", "code"), [((), 1), (("--fail-on", "warning"), 1), (("--fail-on", "error"), 0)]
    )
    def test_a_warning(self, project: Project, arguments: tuple[str, ...], code: int) -> None:
        project.repeat_a_name()
        done = project.run("--check", *arguments)
        assert done.exit_code == code
        assert "warning TK101" in done.stdout

    def test_an_error_always_fails(self, project: Project) -> None:
        project.break_a_name()
        assert project.run("--check", "--fail-on", "error").exit_code == 1

    def test_information_never_fails(self, project: Project) -> None:
        project.rules = [("/a|/b", Home), (r"/([a-z]+)", Entry)]
        assert project.codes("--select", "TK203") == ["TK203"]
        assert project.run("--check", "--select", "TK203").exit_code == 0

    def test_from_the_settings(self, project: Project) -> None:
        project.repeat_a_name()
        project.settings('fail-on = "error"')
        assert project.run("--check").exit_code == 0
        assert project.run("--check", "--fail-on", "warning").exit_code == 1


class TestSelection:
    @pytest.fixture(autouse=True)
    def broken(self, project: Project) -> None:
        project.break_a_name()
        project.repeat_a_name()

    def test_codes_and_beginnings(self, project: Project) -> None:
        assert project.codes() == ["TK101", "TK302"]
        assert project.codes("--select", "TK1") == ["TK101"]
        assert project.codes("--select", "TK1,tk302") == ["TK101", "TK302"]
        assert project.codes("--select", "TK1", "--select", "TK302") == ["TK101", "TK302"]
        assert project.codes("--ignore", "TK1") == ["TK302"]
        assert project.codes("--select", "TK1,TK3", "--ignore", "TK302") == ["TK101"]

    def test_what_is_left_decides_the_exit_code(self, project: Project) -> None:
        done = project.run("--check", "--select", "TK5")
        assert (done.exit_code, done.stdout) == (0, "All is well: 4 routes, 6 checks.\n")

    @pytest.mark.parametrize(
        "setting", ['select = ["TK1", "TK5"]', 'select = "TK1,TK5"', 'ignore = ["TK3"]']
    )
    def test_settings(self, project: Project, setting: str) -> None:
        project.settings(setting)
        assert project.codes() == ["TK101"]

    def test_the_environment(self, project: Project) -> None:
        assert project.codes(TORNKIT_ROUTES_SELECT="TK1,TK5") == ["TK101"]
        assert project.codes(TORNKIT_ROUTES_SELECT="TK5, TK1") == ["TK101"]
        assert project.codes(TORNKIT_ROUTES_IGNORE="TK3") == ["TK101"]

    def test_each_place_gives_way_to_the_one_before(self, project: Project) -> None:
        project.settings('select = ["TK1"]')
        assert project.codes(TORNKIT_ROUTES_SELECT="TK3") == ["TK302"]
        assert project.codes("--select", "TK", TORNKIT_ROUTES_SELECT="TK3") == ["TK101", "TK302"]

    def test_settings_for_the_check_do_not_disturb_the_list(self, project: Project) -> None:
        project.settings('select = ["TK1"]\nfail-on = "error"\nbaseline = "none.json"')
        assert project.run().exit_code == 0


def json_of(project: Project, *arguments: str) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(
        project.run("--check", "--format", "json", *arguments).stdout
    )
    return found


class TestFormats:
    @pytest.fixture(autouse=True)
    def broken(self, project: Project) -> None:
        project.break_a_name()
        project.repeat_a_name()

    def test_json_has_all_routes_and_what_is_left_of_the_findings(self, project: Project) -> None:
        everything = json_of(project)
        assert [each["code"] for each in everything["findings"]] == ["TK101", "TK302"]
        assert len(everything["routes"]) == 4
        one = json_of(project, "--select", "TK1")
        assert [each["code"] for each in one["findings"]] == ["TK101"]
        assert project.run("--check", "--format", "json").exit_code == 1

    def test_github(self, project: Project) -> None:
        done = project.run("--check", "--format", "github")
        assert done.exit_code == 1
        commands = done.stdout.splitlines()
        assert [re.split("[ :]+", each)[1] for each in commands] == ["warning", "error"]
        assert "1 error, 1 warning in 4 routes." in done.stderr.splitlines()

    def test_github_counts_paths_from_the_repository(self, project: Project) -> None:
        root = Path(__file__).resolve().parents[3]
        below = ["--check", "--format", "github"]
        outside = project.run(*below, GITHUB_WORKSPACE=str(root)).stdout
        assert f"file={root}/tests/cli" in outside  # the current folder is not in it
        inside = project.run(*below, GITHUB_WORKSPACE="/").stdout
        assert f"file={str(root)[1:]}/tests/cli" in inside

    def test_github_without_findings(self, project: Project) -> None:
        done = project.run("--check", "--format", "github", "--select", "TK5")
        assert (done.exit_code, done.stdout) == (0, "")

    def test_sarif(self, project: Project) -> None:
        done = project.run("--check", "--format", "sarif", "--select", "TK1,TK3")
        assert done.exit_code == 1
        [run] = json.loads(done.stdout)["runs"]
        assert [result["ruleId"] for result in run["results"]] == ["TK101", "TK302"]
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert rules == ["TK101", "TK102", "TK301", "TK302", "TK303"]


class TestBaseline:
    def test_what_is_written_is_known_from_then_on(self, project: Project) -> None:
        project.break_a_name()
        done = project.run("--write-baseline", "known.json")
        assert (done.exit_code, done.stdout) == (0, "")
        assert done.stderr.splitlines()[-1] == "Wrote 1 finding to known.json."
        done = project.run("--check", "--baseline", "known.json")
        assert (done.exit_code, done.stdout) == (
            0,
            "Nothing new in 3 routes; 1 in the baseline.\n",
        )
        project.repeat_a_name()
        assert project.codes("--baseline", "known.json") == ["TK101"]

    def test_code_that_moves_does_not_bring_it_back(self, project: Project) -> None:
        project.break_a_name()
        project.run("--write-baseline", "known.json")
        project.rules.insert(0, ("/new", Home))
        assert project.codes("--baseline", "known.json") == []

    def test_what_was_mended_is_told(self, project: Project) -> None:
        project.break_a_name()
        project.run("--write-baseline", "known.json")
        project.rules.pop()
        done = project.run("--check", "--baseline", "known.json")
        assert done.exit_code == 0
        assert "1 entry of the baseline is mended: write it anew" in done.stdout
        # What was not looked for may well be there still.
        done = project.run("--check", "--baseline", "known.json", "--select", "TK1")
        assert "mended" not in done.stdout

    def test_a_relative_path_in_the_settings_is_relative_to_them(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project.break_a_name()
        project.settings('baseline = "known.json"')
        project.run("--write-baseline", "known.json")
        (project.folder / "below").mkdir()
        monkeypatch.chdir(project.folder / "below")
        assert project.codes() == []
        assert project.run("--check", "--baseline", "known.json").exit_code == 2

    def test_writing_it_anew_does_not_ask_for_the_old_one(self, project: Project) -> None:
        project.settings('baseline = "known.json"')
        project.break_a_name()
        assert project.run("--write-baseline", "known.json").exit_code == 0
        project.repeat_a_name()
        project.run("--write-baseline", "known.json")
        assert len(json.loads((project.folder / "known.json").read_text())["findings"]) == 2

    def test_only_what_is_wanted_is_written(self, project: Project) -> None:
        project.break_a_name()
        project.repeat_a_name()
        project.run("--write-baseline", "known.json", "--ignore", "TK1")
        [entry] = json.loads((project.folder / "known.json").read_text())["findings"]
        assert entry == {
            "code": "TK302",
            "pattern": "/opt/?",
            "name": "opt",
            "handler": "tests.cli.routes.checked.Home",
        }

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            (None, "there is no baseline known.json; tornkit routes --write-baseline known.json"),
            (b"{", "the baseline known.json can't be used: it is not JSON"),
            (b"\xff", "the baseline known.json can't be read: "),
            (b'{"version": 9}', "the baseline known.json can't be used: its version is 9"),
        ],
    )
    def test_a_file_that_can_not_be_used(
        self, project: Project, content: bytes | None, says: str
    ) -> None:
        if content is not None:
            (project.folder / "known.json").write_bytes(content)
        done = project.run("--check", "--baseline", "known.json")
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr.startswith(f"error: {says}")
        assert done.stderr.count("\n") == 1
        assert project.loaded == 0

    def test_a_folder_that_is_not_there(self, project: Project) -> None:
        done = project.run("--write-baseline", "none/known.json")
        assert done.exit_code == 2
        assert "the baseline none/known.json can't be written: No such file" in done.stderr


class TestMistakes:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("--check", "--select", "TK9"), "no code begins with TK9; there are TK000, TK101"),
            (("--check", "--ignore", "X"), "no code begins with X; "),
            (("--check", "--select", "TK1", "--ignore", "TK"), "leave no code to check"),
            (("--check", "--grep", "x"), "--grep goes with the list, not with --check"),
            (("--check", "--format", "csv"), "--check has table, json, github and sarif"),
            (("--select", "TK1"), "--select goes with --check"),
            (("--format", "sarif"), "--format sarif goes with --check"),
            (("--fix", "--write-baseline", "x"), "mend first"),
        ],
    )
    def test_one_line_and_nothing_is_loaded(
        self, project: Project, arguments: tuple[str, ...], says: str
    ) -> None:
        done = project.run(*arguments)
        assert (done.exit_code, done.stdout) == (2, "")
        assert says in done.stderr
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        assert project.loaded == 0

    def test_a_wrong_code_in_the_settings_is_no_silence(self, project: Project) -> None:
        project.settings('ignore = ["TK999"]')
        assert project.run("--check").exit_code == 2

    def test_a_format_of_the_list_in_the_environment_is_not_meant(self, project: Project) -> None:
        done = project.run("--check", TORNKIT_ROUTES_FORMAT="csv")
        assert done.stdout.startswith("All is well")


APP = """
from tornado.web import Application, RequestHandler, url

class Basket(RequestHandler):
    def get(self): ...

app = Application([url("/basket/?", Basket, name="basket")])
"""


class TestTerminal:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "app.py").write_text(APP)
        return tmp_path

    def test_colours(self, folder: Path) -> None:
        code, seen = run_in_terminal(folder, "--check")
        assert code == 1
        assert "\x1b[31merror TK302" in seen

    @pytest.mark.parametrize("name", ["rich.py", "pygments.py"])
    def test_a_module_of_the_programs_own_with_the_name_of_one_that_prints(
        self, folder: Path, name: str
    ) -> None:
        (folder / name).write_text("THEIRS = True\n")
        app = folder / "app.py"
        app.write_text(f"import {name[:-3]}\nassert {name[:-3]}.THEIRS\n{app.read_text()}")
        code, seen = run_in_terminal(folder, "--check")
        assert code == 1
        assert "Traceback" not in seen
        assert "\x1b[31merror TK302" in seen

    def test_no_colours_where_they_are_not_wanted(self, folder: Path) -> None:
        _, seen = run_in_terminal(folder, "--check", NO_COLOR="1")
        assert "error TK302" in seen
        assert "\x1b[3" not in seen

    def test_lines_are_folded(self, folder: Path) -> None:
        _, seen = run_in_terminal(folder, "--check", columns=50)
        lines = without_colours(seen).splitlines()
        assert max(map(len, lines)) <= 50
        assert "  error TK302  reverses to /basket/?, which does" in lines

    def test_a_pipe_gets_whole_lines_and_places_that_can_be_opened(self, folder: Path) -> None:
        done = run(folder, "--check")
        assert done.returncode == 1
        assert done.stdout.startswith("route 0 basket  /basket/?  Basket  app.py:7\n")

    def test_the_sample_project_is_clean(self) -> None:
        done = run(Path(__file__).resolve().parents[3], "sample_project", "--check")
        assert "All is well: 38 routes" in done.stdout
        assert not re.search("^  (error|warning)", done.stdout, re.MULTILINE), done.stdout
        assert done.returncode == 0

    def test_the_users_own_error_is_theirs(self, folder: Path) -> None:
        (folder / "app.py").write_text("raise OSError('no database')\n")
        done = run(folder, "app.py:app", "--check")
        assert (done.returncode, done.stdout) == (1, "")
        assert "no database" in done.stderr
