"""Settings from the environment, and that making an application has no effects."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from sample_project.app import make_app
from sample_project.settings import Settings, SettingsError

KEYS = "1:0123456789abcdef,3:fedcba9876543210"


def test_an_empty_environment_will_do() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert settings.data_dir.name == ".data"
    assert settings.api_token == ""


def test_the_environment_is_read(tmp_path: Path) -> None:
    settings = Settings.from_environment(
        {
            "BOARD_DEBUG": "1",
            "BOARD_DATA_DIR": str(tmp_path),
            "BOARD_PORT": "9000",
            "BOARD_COOKIE_SECRETS": KEYS,
            "BOARD_ADMINS": "Ada, bob,",
            "BOARD_UPLOAD_LIMIT": "10",
        }
    )
    assert settings.debug
    assert settings.uploads == tmp_path / "uploads"
    assert (settings.port, settings.upload_limit) == (9000, 10)
    assert settings.key_version == 3
    assert settings.admins == {"ada", "bob"}


def test_production_takes_nothing_that_everybody_knows() -> None:
    with pytest.raises(SettingsError, match="BOARD_COOKIE_SECRETS must be set"):
        Settings.from_environment({"BOARD_MODE": "production"})
    settings = Settings.from_environment({"BOARD_MODE": "production", "BOARD_COOKIE_SECRETS": KEYS})
    assert settings.admin_password == ""
    app = make_app(settings)
    assert app.settings["cookie_options"]["secure"]
    assert app.settings["xsrf_cookie_kwargs"]["secure"]


@pytest.mark.parametrize(
    "environ",
    [
        {"BOARD_MODE": "prodution"},
        {"BOARD_PORT": "http"},
        {"BOARD_PORT": "70000"},
        {"BOARD_UPLOAD_LIMIT": "0"},
        {"BOARD_COOKIE_SECRETS": "just one secret of some length"},
        {"BOARD_COOKIE_SECRETS": "x:0123456789abcdef"},
        {"BOARD_COOKIE_SECRETS": "1:short"},
    ],
)
def test_what_makes_no_sense_is_refused(environ: Mapping[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    assert "secret of some length" not in str(caught.value)


def test_secrets_are_not_shown() -> None:
    settings = Settings(api_token="hidden token", admin_password="hidden password")
    assert "hidden" not in repr(settings)
    assert "development only" not in repr(settings)


def test_making_an_application_has_no_effects(tmp_path: Path) -> None:
    threads = threading.active_count()
    app = make_app(Settings(data_dir=tmp_path / "data"))
    assert app.default_host == "api.localhost"
    assert threading.active_count() == threads
    assert list(tmp_path.iterdir()) == []
