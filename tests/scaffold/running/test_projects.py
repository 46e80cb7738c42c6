"""Projects of each template: their tests pass, their code is clean, and they serve."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.waiting import wait_for
from tests.scaffold.deploying.projects import PACKAGE
from tornkit.scaffold.catalogue import TEMPLATES

Project = Callable[[str], Path]
Run = Callable[..., str]

# The others take seconds each: they are tried in the thorough run.
each_template = pytest.mark.parametrize(
    "template",
    [
        pytest.param(name, marks=() if name == "minimal" else pytest.mark.thorough)
        for name in TEMPLATES
    ],
)


@pytest.mark.timeout(200)
@each_template
def test_its_own_tests_pass(project: Project, run: Run, template: str) -> None:
    output = run(
        project(template),
        *("-m", "pytest", "-p", "no:cacheprovider", "-p", "tornkit.pytest_plugin", "--timeout=60"),
        # What else is installed here is not the project's doing.
        PYTEST_DISABLE_PLUGIN_AUTOLOAD="1",
        PYTEST_PLUGINS="pytest_timeout",
    )
    assert re.search(r"^=+ \d+ passed in ", output, re.MULTILINE), output


@each_template
def test_its_routes_are_all_found_and_right(project: Project, run: Run, template: str) -> None:
    run(project(template), "-m", "tornkit", "routes", "--check")


@pytest.mark.thorough  # which has ruff and mypy; the ordinary environment has not
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("arguments", [("check",), ("format", "--check")], ids=" ".join)
def test_its_code_is_clean(
    project: Project, run: Run, template: str, arguments: tuple[str, ...]
) -> None:
    pytest.importorskip("ruff")
    run(project(template), "-m", "ruff", *arguments, "--no-cache", ".")


@pytest.mark.thorough
@pytest.mark.timeout(200)
@pytest.mark.parametrize("template", TEMPLATES)
def test_its_types_hold(
    project: Project, run: Run, template: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("mypy")
    # One for all: what Tornado and SQLAlchemy are is read once.
    cache = tmp_path_factory.getbasetemp() / "types"
    run(project(template), "-m", "mypy", "--cache-dir", str(cache))


@pytest.mark.thorough
@pytest.mark.parametrize("template", ["site", "api"])
def test_its_migrations_make_its_tables(
    project: Project, run: Run, template: str, tmp_path: Path
) -> None:
    """A next migration, made of the difference between both, would have nothing to do."""
    root = project(template)
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path / 'data.sqlite3'}"}
    migrate = ("-m", f"{PACKAGE}.migrate")
    assert "is at 0001" in run(root, *migrate, **variables)
    assert "nothing new" in run(root, *migrate, "new", "nothing", status=1, **variables)
    assert "its beginning" in run(root, *migrate, "down", **variables)


@pytest.mark.thorough
def test_a_change_of_a_table_is_migrated(project: Project, run: Run, tmp_path: Path) -> None:
    root = tmp_path / "changed"
    shutil.copytree(project("site"), root)
    models = root / PACKAGE / "store" / "models.py"
    column = "    text: Mapped[str] = mapped_column(String(2000))\n"
    changed = models.read_text().replace(column, column + "    title: Mapped[str | None]\n")
    models.write_text(changed)
    variables = {"DATABASE_URL": f"sqlite:///{tmp_path / 'data.sqlite3'}"}
    migrate = ("-m", f"{PACKAGE}.migrate")
    run(root, *migrate, "new", "titles", **variables)
    (written,) = (root / PACKAGE / "migrations" / "versions").glob("*_titles.py")
    assert "add_column" in written.read_text()
    run(root, *migrate, **variables)
    assert "nothing new" in run(root, *migrate, "new", "nothing", status=1, **variables)
    run(root, "-m", "ruff", "check", "--no-cache", ".")
    run(root, "-m", "ruff", "format", "--check", "--no-cache", ".")


@each_template
def test_it_serves(served: Callable[..., Any], template: str) -> None:
    server = served(template)
    with server.connect() as client:
        assert client.request("/").status == 200
        assert client.request("/healthz").json() == {"status": "ok"}
    if template != "minimal":
        with server.connect() as client:
            assert client.request("/readyz").status == 200
    assert server.errors == []


@pytest.mark.parametrize("template", ["realtime"])
def test_its_logs_are_json_where_nobody_reads_them(
    served: Callable[..., Any], template: str
) -> None:
    server = served(template)
    with server.connect() as client:
        answer = client.request("/rooms/garden", "X-Request-Id: chosen-1234")
        assert answer.headers["X-Request-Id"] == "chosen-1234"

    def entry() -> dict[str, Any] | None:
        for line in server.log.splitlines():
            if line.startswith("{") and "chosen-1234" in line:
                found: dict[str, Any] = json.loads(line)
                return found
        return None

    found = wait_for(entry, "the line of the access log")
    assert (found["status"], found["method"], found["path"]) == (200, "GET", "/rooms/garden")


# What the OWASP Secure Headers Project has a response add, and remove (headers_add.json,
# headers_remove.json), less what only a page behind a sign-in needs.
OWASP_ADDS = {
    "Content-Security-Policy": "default-src 'self'",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Permitted-Cross-Domain-Policies": "none",
}
OWASP_REMOVES = ("Server", "X-Powered-By", "X-AspNet-Version", "Public-Key-Pins", "Pragma")


@pytest.mark.parametrize(
    "template",
    [
        "realtime",
        pytest.param("site", marks=pytest.mark.thorough),
        pytest.param("api", marks=pytest.mark.thorough),
    ],
)
def test_its_headers_are_those_of_owasp(served: Callable[..., Any], template: str) -> None:
    server = served(template, "--xheaders", "--no-reload")
    for path in ("/", "/nowhere", "/static/style.css", "/healthz"):
        with server.connect() as client:
            headers = client.request(path, "X-Scheme: https").headers
        for name, value in OWASP_ADDS.items():
            assert headers[name].startswith(value), (path, name)
        assert not set(OWASP_REMOVES) & set(headers), path
