from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tornado.web import Application, RequestHandler

from tornkit.errors import UsageError
from tornkit.testing.route_check import assert_routes


class Home(RequestHandler):
    def get(self) -> None:
        return


def application(*patterns: str) -> Application:
    return Application([(pattern, Home) for pattern in patterns])


TWICE = application("/a", "/a")


def check(project: Path, app: Application = TWICE, **options: Any) -> None:
    assert_routes(app, project, {Path(__file__)}, **options)


def configure(project: Path, text: str) -> None:
    (project / "pyproject.toml").write_text(f"[tool.tornkit.routes]\n{text}\n")


def test_good_routes(tmp_path: Path) -> None:
    check(tmp_path, application("/", "/a"))


def test_findings_are_one_failure(tmp_path: Path) -> None:
    with pytest.raises(AssertionError) as failed:
        check(tmp_path)
    text = str(failed.value)
    assert text.startswith("tornkit routes --check finds:\n")
    assert "error TK201  no request reaches it" in text
    assert "1 error in 2 routes" in text


def test_codes_can_be_left_out(tmp_path: Path) -> None:
    check(tmp_path, ignore=["TK2"])
    with pytest.raises(UsageError, match="no code begins with TK9X"):
        check(tmp_path, ignore=["TK9X"])
    with pytest.raises(UsageError, match="leave no code"):
        check(tmp_path, ignore=["TK"])


@pytest.mark.parametrize("setting", ['ignore = ["TK201"]', 'ignore = "TK2"', 'select = ["TK1"]'])
def test_settings_of_the_project_count(tmp_path: Path, setting: str) -> None:
    configure(tmp_path, setting)
    check(tmp_path)


@pytest.mark.parametrize("fail_on", ["error", "warning"])
def test_warnings_count_where_they_would(tmp_path: Path, fail_on: str) -> None:
    configure(tmp_path, f'fail-on = "{fail_on}"')
    warned = application("/a.html")  # TK501
    if fail_on == "error":
        check(tmp_path, warned)
        with pytest.raises(AssertionError):
            check(tmp_path)
    else:
        with pytest.raises(AssertionError, match="warning TK"):
            check(tmp_path, warned)


def test_a_baseline_is_known(tmp_path: Path) -> None:
    configure(tmp_path, 'baseline = "known.json"')
    with pytest.raises(UsageError, match=r"the baseline .*known\.json can't be used"):
        check(tmp_path)
    (tmp_path / "known.json").write_text('{"version": 1, "findings": []}')
    with pytest.raises(AssertionError):
        check(tmp_path)


def test_calls_in_tests_are_not_the_applications(tmp_path: Path) -> None:
    """This very file, and all below tests/, would be read for `reverse_url`."""
    app = application("/")
    with pytest.raises(AssertionError, match="nowhere-to-be-found"):
        assert_routes(app, Path("/nonexistent"), set())
    assert_routes(app, Path(__file__).parents[2], set())
    assert_routes(app, Path("/nonexistent"), {Path(__file__)})


def a_test_of(app: Application) -> None:
    app.reverse_url("nowhere-to-be-found")
