"""Which form of an error a client wants."""

from __future__ import annotations

import pytest

from tests.devtools.requests import request
from tornkit.devtools.form import Form, wanted

HTML = "text/html,application/xhtml+xml,*/*;q=0.8"


@pytest.mark.parametrize(
    ("headers", "form"),
    [
        ({}, Form.TEXT),
        ({"Accept": "*/*"}, Form.TEXT),
        ({"Accept": HTML}, Form.PAGE),
        ({"Accept": HTML, "Sec-Fetch-Dest": "document"}, Form.PAGE),
        ({"Accept": "*/*", "Sec-Fetch-Dest": "document"}, Form.PAGE),
        ({"Accept": HTML, "Sec-Fetch-Dest": "empty"}, Form.TEXT),
        ({"Accept": HTML, "HX-Request": "true"}, Form.TEXT),
        ({"Accept": HTML, "X-Requested-With": "XMLHttpRequest"}, Form.TEXT),
        ({"Accept": "application/json"}, Form.JSON),
        ({"Accept": "application/problem+json, */*", "Sec-Fetch-Dest": "empty"}, Form.JSON),
        ({"Content-Type": "application/json; charset=utf-8"}, Form.JSON),
        ({"Content-Type": "application/vnd.api+json"}, Form.JSON),
        ({"Content-Type": "text/plain"}, Form.TEXT),
        ({"Accept": HTML, "Sec-Fetch-Dest": "iframe"}, None),
        ({"Accept": "image/*", "Sec-Fetch-Dest": "image"}, None),
        ({"Sec-Fetch-Dest": "script"}, None),
    ],
)
def test_what_is_wanted(headers: dict[str, str], form: Form | None) -> None:
    assert wanted(request(headers=headers)) is form
