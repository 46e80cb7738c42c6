"""Code is shown without the secrets that are written into it."""

from __future__ import annotations

import pytest

from tornkit.routing.reading.code_masking import without_secrets


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('cookie_secret="hunter2",', 'cookie_secret="***",'),
        ('    "api_key": \'hunter2\',', "    \"api_key\": '***',"),
        ("settings['token'] = 'hunter2'", "settings['token'] = '***'"),
        ('PASSWORD = b"hun\\"ter2"', 'PASSWORD = b"***"'),
        ('connect("postgres://app:hunter2@db")', 'connect("postgres://app:***@db")'),
        ('headers = {"Authorization": "Bearer hunter2hunter2"}',
         'headers = {"Authorization": "***"}'),
        ("token = make_token(user)", "token = make_token(user)"),
        ('name = "not secret"', 'name = "not secret"'),
        ('password = ""', 'password = ""'),
    ],
)  # fmt: skip
def test_no_secret_is_in_the_source(line: str, shown: str) -> None:
    assert without_secrets([line]) == [shown]


@pytest.mark.parametrize(
    "code",
    [
        'cookie_secret: str = "hunter2"',
        'password = given or "hunter2"',
        'if password == "hunter2":',
        'settings.get("password", "hunter2")',
        'api_key = ("hunter2"\n    "hunter2")\nname = "shown"',
        'key = """\nhunter2\n"""\nname = "shown"',
        'settings = dict(\n    token=\n    "hunter2",\n)\nname = "shown"',
        'token = f"{prefix}hunter2"',
    ],
)
def test_no_secret_is_in_the_source_in_whatever_way(code: str) -> None:
    lines = without_secrets(code.split("\n"))
    assert "hunter2" not in "\n".join(lines)
    assert len(lines) == len(code.split("\n"))
    if "shown" in code:
        assert lines[-1] == 'name = "shown"', "what follows is another statement"
