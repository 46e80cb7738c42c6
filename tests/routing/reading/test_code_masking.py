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
        ('password = get("PASSWORD", "") or "hunter2"', 'password = get("PASSWORD", "") or "***"'),
        ('log("the password is", "hunter2")', 'log("the password is", "***")'),
        ('d = {"a": "", "password": "hunter2"}', 'd = {"a": "", "password": "***"}'),
        ("say(\"don't\", token='hunter2')", "say(\"don't\", token='***')"),
        ('password = given  # hunter2', 'password = given  #***'),
        ('# the password is hunter2', '# the password***'),
        ('x = 1  # it\'s; password = "hunter2"', "x = 1  # it's; password***"),
        ('# the password', '# the password'),
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
        'if self.get_argument("password", "") == "hunter2" and 1 / 0:',
        "password = '' or 'hunter2'",
        'password = "" "a" "" "hunter2"',
        'password = "" or \'\' or """hunter2"""',
        'password = "unterminated hunter2',
        'password = "" or """"hunter2"""',
        'password = "" or \\\n    "hunter2"\nname = "shown"',
        "password = '\\'' or 'hunter2'",
        'password = "#" or "hunter2"',
    ],
)
def test_no_secret_is_in_the_source_in_whatever_way(code: str) -> None:
    lines = without_secrets(code.split("\n"))
    assert "hunter2" not in "\n".join(lines)
    assert len(lines) == len(code.split("\n"))
    if "shown" in code:
        assert lines[-1] == 'name = "shown"', "what follows is another statement"
