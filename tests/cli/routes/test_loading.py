"""Loading of the application that was named, and the report on it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from tests.cli.routes import terminal
from tornkit.appload import inspection, own_tornado
from tornkit.appload.load import LoadedApp
from tornkit.appload.target import Kind, Target
from tornkit.cli.routes import importing
from tornkit.cli.routes.loading import checked, load
from tornkit.errors import AppRaised

TARGET = Target(Kind.APPLICATION, "app.py:app", "/x", "/x", module="app", attribute="app")


class Home(RequestHandler):
    def get(self) -> None: ...


def loaded(*rules: Any, kind: type[Application] = Application) -> LoadedApp:
    return LoadedApp(TARGET, (kind(list(rules)),), TARGET.label)


class TestLoad:
    @pytest.fixture(autouse=True)
    def calls(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Steps that are done, in their order."""
        calls: list[str] = []

        def inspect(target: Target) -> LoadedApp:
            calls.append("load")
            print("noise")
            return loaded(("/", Home))

        monkeypatch.setattr(importing, "import_ahead", lambda target: calls.append("ahead"))
        monkeypatch.setattr(inspection, "load_for_inspection", inspect)
        monkeypatch.setattr(own_tornado, "not_used", lambda: None)
        return calls

    def test_before_the_users_folder_can_take_a_name(
        self, calls: list[str], capfd: pytest.CaptureFixture[str]
    ) -> None:
        found = load(TARGET)
        assert (found.label, calls) == ("app.py:app", ["ahead", "load"])
        assert capfd.readouterr() == ("", "noise\n"), "standard output is for the result"

    def test_another_tornado_than_python_would_take_is_told_of(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The program may have put its folder on the path only while it was loaded."""
        monkeypatch.setattr(own_tornado, "not_used", lambda: "warning: Tornado 6.4 is not used")
        load(TARGET)
        assert capfd.readouterr() == ("", "noise\nwarning: Tornado 6.4 is not used\n")

    def test_what_it_raises(
        self, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        def fail(target: Target) -> LoadedApp:
            raise AppRaised("importing app failed", "Traceback")

        monkeypatch.setattr(inspection, "load_for_inspection", fail)
        monkeypatch.setattr(own_tornado, "not_used", lambda: pytest.fail("it is no matter now"))
        with pytest.raises(AppRaised):
            load(TARGET)
        print("on standard output again")
        sys.stdout.flush()
        assert capfd.readouterr().out == "on standard output again\n"


class TestChecked:
    def codes(self, app: LoadedApp, *codes: str) -> list[str]:
        return [finding.code for finding in checked(app, codes).findings]

    def test_the_findings_of_some_codes(self) -> None:
        app = loaded(("/a", Home, {}, "x"), ("/b", Home, {}, "x"), ("/opt/?", Home, {}, "opt"))
        assert self.codes(app, "TK101", "TK302") == ["TK101", "TK302"]
        assert self.codes(app, "TK302") == ["TK302"]
        assert self.codes(app) == []

    def test_only_their_checks_are_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        families: list[tuple[str, ...]] = []
        from tornkit.routing import report

        plain = report.report_on

        def noting(applications: Any, label: str, checks: Any, **options: Any) -> Any:
            families.append(tuple(checks))
            return plain(applications, label, checks, **options)

        monkeypatch.setattr(report, "report_on", noting)
        self.codes(loaded(("/", Home)), "TK101")
        assert families == [("names",)]

    def test_what_a_comment_silences_is_left_out(self) -> None:
        class Quiet(RequestHandler):  # tornkit: ignore[TK101]
            def get(self) -> None: ...

        assert self.codes(loaded(("/a", Home, {}, "x"), ("/b", Home, {}, "x")), "TK101") != []
        assert self.codes(loaded(("/a", Quiet, {}, "x"), ("/b", Home, {}, "x")), "TK101") == []

    def test_a_program_s_own_methods_may_print(self, capfd: pytest.CaptureFixture[str]) -> None:
        class Saying(Application):
            def reverse_url(self, name: str, *args: Any) -> str:
                print("reversing", name)
                return super().reverse_url(name, *args)

        assert self.codes(loaded(("/", Home, {}, "home"), kind=Saying), "TK301", "TK302") == []
        out, err = capfd.readouterr()
        assert out == ""
        assert "reversing home" in err


def test_a_program_that_stops_its_servers_at_its_exit(tmp_path: Path) -> None:
    """By what it has asked Python to call then, behind the list."""
    (tmp_path / "program.py").write_text(
        "import atexit, asyncio\n"
        "from tornado.httpserver import HTTPServer\n"
        "from tornado.tcpserver import TCPServer\n"
        "from tornado.web import Application, RequestHandler\n"
        "async def main():\n"
        "    for server in (HTTPServer(Application([('/', RequestHandler)])), TCPServer()):\n"
        "        server.listen(0)\n"
        "        atexit.register(server.stop)\n"
        "    await asyncio.Event().wait()\n"
        "if __name__ == '__main__':\n"
        "    asyncio.run(main())\n"
    )
    found = terminal.run(tmp_path, "program.py")
    assert (found.returncode, found.stderr) == (0, "")
    assert "RequestHandler" in found.stdout
