"""``--format openapi``, as one would use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.cli.routes.terminal import run

ROOT = Path(__file__).parents[3]

APP = """
from tornado.web import Application, RequestHandler

print("noise")

class Home(RequestHandler):
    def get(self):
        \"\"\"The first page.\"\"\"

class Post(RequestHandler):
    def get(self, number): ...

def make_app():
    return Application([("/", Home), (r"/posts/([0-9]+)", Post, {}, "post")])
"""


def document(folder: Path, *arguments: str) -> dict[str, Any]:
    done = run(folder, *arguments, "--format", "openapi")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert [str(error) for error in OpenAPIV31SpecValidator(found).iter_errors()] == []
    return found


def test_the_version_is_the_projects(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    assert document(tmp_path)["info"] == {"title": "app.py:make_app", "version": "0.0.0"}
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "2.1"\n')
    found = document(tmp_path)
    assert found["info"]["version"] == "2.1"
    assert list(found["paths"]) == ["/", "/posts/{number}"]
    assert found["paths"]["/"]["get"]["summary"] == "The first page."


def test_filters_leave_a_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    assert list(document(tmp_path, "--name", "post")["paths"]) == ["/posts/{number}"]


def test_the_sample_project() -> None:
    paths = document(ROOT, "sample_project")["paths"]
    assert paths["/topics/{topic}/socket"]["get"]["x-websocket"] is True
    assert paths["/v1/messages/{message_id}"].keys() == {"get", "head", "delete"}
    assert paths["/upload"]["get"]["x-authenticated"] is True
    (topic,) = paths["/topics/{topic}"]["get"]["parameters"]
    assert "help" in topic["schema"]["enum"]
