"""The `.env` of a new project."""

from __future__ import annotations

import re

from tests.scaffold.folders import planned
from tornkit.scaffold import catalogue, env_file, names, plan
from tornkit.scaffold.answers import Answers

EXAMPLE = "# Copy this.\n# To .env.\n\n# Signs.\nCOOKIE_SECRET=\n\nLOG_FORMAT=\n"


def test_it_has_a_secret_of_its_own() -> None:
    made = [env_file.env_file(planned({".env.example": EXAMPLE})) for _ in range(2)]
    texts = [each.content.decode() for each in made if each]
    found = [re.findall(r"^COOKIE_SECRET=(\S{40,})$", text, re.M) for text in texts]
    assert len(found[0]) == len(found[1]) == 1
    assert found[0] != found[1]
    assert "Copy this" not in texts[0]
    assert "# Signs.\n" in texts[0]
    assert "\nLOG_FORMAT=\n" in texts[0]
    assert all(each and each.private and each.mode == 0o600 for each in made)


def test_without_a_secret_there_is_none() -> None:
    assert env_file.env_file(planned({".env.example": "A=\n"})) is None
    assert env_file.env_file(planned({"app.py": "COOKIE_SECRET=\n"})) is None


def test_templates_that_sign_cookies_have_one() -> None:
    with_secret = set()
    for template in catalogue.TEMPLATES:
        given = Answers(names.parse("demo"), template, frozenset(), "tornkit>=0")
        if env_file.env_file(plan.files_of(given, plan.templates())):
            with_secret.add(template)
    assert with_secret == {"site", "realtime"}
