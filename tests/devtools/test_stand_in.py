"""What is answered while there is nothing to serve."""

from __future__ import annotations

import pytest

from tests.devtools.pages import BROWSER, got
from tests.engine.serving import EITHER, ServerClass
from tornkit.devtools import stand_in


@EITHER
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
@pytest.mark.parametrize("path", ["/", "/a/b?c", "/%0a"])
def test_everything_is_answered_by_503(server_class: ServerClass, path: str, method: str) -> None:
    response = got(server_class, path, app=stand_in.application(), method=method)
    assert response.status == 503
    assert response.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert response.text.startswith("nothing is served yet")


@EITHER
def test_a_browser_gets_a_page(server_class: ServerClass) -> None:
    response = got(server_class, "/", *BROWSER, app=stand_in.application())
    assert response.status == 503
    assert response.text.startswith("<!DOCTYPE html>")
    assert response.headers["Cache-Control"] == "no-store"
