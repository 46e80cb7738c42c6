from __future__ import annotations

from pathlib import Path

import pytest

from tornkit.routing.model import Source
from tornkit.routing.references.rulenames import names_given


@pytest.mark.parametrize(
    "code",
    [
        "url(r'/', Home, name='home')",
        "tornado.web.URLSpec(r'/', Home, dict(a=1), 'home')",
        "routes = [(r'/', Home, {}, 'home')]",
        "routes = [[r'/', Home, None, 'home']]",
        "@route('/', name='home')\nclass A: ...",
        "routes = [{'pattern': '/', 'name': 'home'}]",
    ],
)
def test_a_name_that_is_given_to_a_rule(tmp_path: Path, code: str) -> None:
    file = tmp_path / "a.py"
    file.write_text("\n" + code)
    found = names_given([str(file)], {"home", "house"})
    assert found == {"home": Source(str(file), 2)}


@pytest.mark.parametrize(
    "code",
    [
        "self.reverse_url('home')",
        "self.reverse_url(name='home')",
        "self.reverse_url('a', 1, 2, 'home')",
        "self.render('a.html', name='home')",
        "partial(self.reverse_url, name='home')",
        "x = 'home'",
        "x = ('a', 'b', 'home')",
        "x = {'title': 'home'}",
        "'home' (",
    ],
)
def test_what_only_looks_like_it(tmp_path: Path, code: str) -> None:
    file = tmp_path / "a.py"
    file.write_text(code)
    assert not names_given([str(file), str(tmp_path / "missing.py")], {"home"})
