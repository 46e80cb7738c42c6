from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.httpserver import HTTPServer

from tornkit import lobby, seams
from tornkit.engine.fidelity import replaced
from tornkit.ownership import file_of, is_user_file, real
from tornkit.routing.reading import places

# Of whoever runs the tests, and of no test: they change what pytest, click and rich print, and what
# tornkit does. Away before a test module copies the environment.
for _name in list(os.environ):
    _option = _name.startswith("TORNKIT_") and not _name.startswith("TORNKIT_TEST_")
    if _option or _name in {
        *("CI", "BUILD_NUMBER", "COLUMNS", "LINES", "EDITOR", "VISUAL"),
        *("NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "PY_COLORS"),
    }:
        del os.environ[_name]

# Below tests/: real servers, other interpreters, random stories, long analyses.
SLOW = (
    *("integration/", "benchmarks/", "scaffold/", "test_readme.py", "test_architecture.py"),
    *("cli/routes/", "cli/test_group.py", "appload/", "serve/stories/", "serve/zygote/"),
    *("serve/warm_imports/", "serve/watching/", "serve/wire/test_processes.py"),
    *("serve/worker/test_worker.py", "serve/worker/test_process_end.py"),
    *("serve/worker/test_entry.py", "serve/worker/test_reexec.py"),
    *("engine/differential/", "engine/stories/", "engine/speedups/", "engine/websocket/"),
    *("engine/routers/", "engine/agents/", "engine/fidelity/", "engine/test_tornado_suite.py"),
    *("engine/test_connection.py", "engine/test_abuse.py", "engine/test_headers.py"),
    *("engine/test_exchange.py", "engine/test_delivery.py", "engine/test_closing.py"),
    *("routing/test_reachability.py", "routing/test_planted.py", "routing/openapi/"),
    *("routing/matching/", "routing/reversing/", "routing/findings/test_codes.py"),
    *("bus/test_bus.py", "bus/test_relaying.py", "bus/test_relay_groups.py", "bus/test_api.py"),
    *("bus/links/", "test_pytest_plugin.py", "testing/test_live.py"),
    *("docs/test_pages.py", "docs/test_stories.py", "cli/projects/test_questions.py"),
    *("cli/test_new.py", "cli/test_add.py", "cli/test_update.py"),
    *("routing/handlers/", "routing/checks/test_backtracking.py", "regex/backtracking/"),
)


# Seconds for a thorough test, beside others on a slow machine; the ordinary have pyproject.toml's.
_THOROUGH = 300


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as fast whatever is not slow, and give the thorough more time."""
    root = Path(__file__).parent
    for item in items:
        if item.get_closest_marker("thorough") and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(_THOROUGH))
        inside = item.path.is_relative_to(root)
        place = item.path.relative_to(root).as_posix() if inside else ""
        if inside and not place.startswith(SLOW) and item.get_closest_marker("thorough") is None:
            item.add_marker(pytest.mark.fast)


@pytest.fixture(scope="module", autouse=True)
def _garbage_is_its_own() -> Iterator[None]:
    """A socket that was left open is found in the module that left it.

    What has survived is not looked at again: behind thousands of tests each collection, and some
    tests ask for one, took a third of a second.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module", autouse=True)
def _observed_no_longer() -> Iterator[None]:
    """What `seams.observe_connections` puts into Tornado is for good in a worker, and not here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seams, "_observer", seams._observer)
        for name in ("start_request", "on_close"):
            patch.setattr(HTTPServer, name, getattr(HTTPServer, name))
        yield


@pytest.fixture(autouse=True)
def _no_process_that_ends_or_steps_aside() -> None:
    """What a worker notes for good, or until its next request, is not noted for the next test."""
    lobby.is_leaving = False
    replaced.aside = replaced.tasks_aside = replaced.websockets_aside = False


@pytest.fixture(scope="module", autouse=True)
def _other_tests_are_no_application(request: pytest.FixtureRequest) -> Iterator[None]:
    """What other tests have loaded stays loaded, and is no part of the application under test."""
    own = real(str(request.path))
    others = {real(name) for name in map(file_of, list(sys.modules.values())) if name is not None}

    def is_own(file: str) -> bool:
        return is_user_file(file) and (real(file) == own or real(file) not in others)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(places, "is_user_file", is_own)
        yield
