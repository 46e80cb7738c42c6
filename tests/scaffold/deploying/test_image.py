"""The Dockerfile carried out, and its image run: migrated, healthy, ended."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tests.scaffold.deploying.image import Image
from tests.scaffold.deploying.projects import PACKAGE, write

if TYPE_CHECKING:
    from tests.integration.serve import Serve

REPOSITORY = Path(__file__).parents[3]


@pytest.mark.thorough
@pytest.mark.release
@pytest.mark.timeout(600)
def test_an_image_serves(serve: Serve, tmp_path: Path) -> None:
    requirement = f"tornkit @ {REPOSITORY.as_uri()}"
    project = write(tmp_path / "source", "site", "docker", requirement=requirement)
    image = Image(tmp_path / "image", project)
    port = serve.free_port()
    log = tmp_path / "log"
    with log.open("wb") as output:
        container = image.run(log=output, PORT=str(port), COOKIE_SECRET="s" * 32)
        try:
            container.wait_until_healthy()
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=20) as answer:
                assert answer.status == 200
            assert container.stop() == 0
        finally:
            container.close()
            print(log.read_text())
    data = tmp_path / "image" / "var" / "lib" / PACKAGE / f"{PACKAGE}.sqlite3"
    with closing(sqlite3.connect(data)) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert "alembic_version" in tables, "it was migrated before it served"
