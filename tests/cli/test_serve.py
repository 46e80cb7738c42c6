"""``tornkit serve``: from words to a `ServeConfig` and a `Target`, and what is refused at once."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import tornado.test
from click.testing import CliRunner, Result

from tornkit.appload.target import Kind, Target
from tornkit.cli import serve, tornkit
from tornkit.serve import local_tls
from tornkit.serve.config import HttpOptions, RecyclePolicy, ServeConfig
from tornkit.serve.local_tls import LocalCertificate
from tornkit.serve.supervisor import cpus

APPLICATION = "def make_app(): raise AssertionError\n"
PROGRAM = "if __name__ == '__main__':\n    raise AssertionError\n"
# A self-signed pair, and so each other's.
CERTIFICATE, KEY = (
    Path(tornado.test.__file__).with_name(name) for name in ("test.crt", "test.key")
)


@dataclass
class Handed:
    """What the supervisor would get, and the command's result."""

    config: ServeConfig
    target: Target
    result: Result


Hand = Callable[..., Handed]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: an application, a program. Nothing is served but by accident."""
    monkeypatch.setattr(
        serve, "_serve", lambda config, target, words: pytest.fail("it would serve")
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PORT", raising=False)
    (tmp_path / "web.py").write_text(APPLICATION)
    (tmp_path / "chat.py").write_text(PROGRAM)
    return tmp_path.resolve()


def run(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(tornkit, ["serve", *arguments], env=variables, prog_name="tornkit")


@pytest.fixture
def hand(monkeypatch: pytest.MonkeyPatch) -> Hand:
    """``hand("web.py")``: run the command up to the supervisor."""
    handed: list[tuple[ServeConfig, Target]] = []

    def remember(config: ServeConfig, target: Target, words: object) -> int:
        handed.append((config, target))
        return 0

    monkeypatch.setattr(serve, "_serve", remember)

    def hand(*arguments: str, **variables: str) -> Handed:
        result = run(*arguments, **variables)
        assert result.exit_code == 0, result.output
        return Handed(*handed.pop(), result)

    return hand


class TestConfig:
    def test_defaults_are_those_of_the_config(self, hand: Hand) -> None:
        handed = hand("web.py")
        assert handed.config == ServeConfig()
        assert handed.result.output == ""

    def test_every_option(self, here: Path, hand: Hand) -> None:
        (here / ".env").touch()
        config = hand(
            *("web.py", "--workers", "2", "--port", "0", "--address", "0.0.0.0"),
            *("--no-reload", "--no-access-log", "--log-level", "WARNING", "--drain-timeout", "0"),
            *("--watch", "web.py", "--watch", ".", "--ignore", "*.log", "--ignore", "data/*"),
            *("--xheaders", "--trusted-downstream", "10.0.0.1", "--trusted-downstream", "::1"),
            *("--certfile", str(CERTIFICATE), "--keyfile", str(KEY), "--max-body-size", "1G"),
            *("--env-file", ".env", "--open"),
            *("--reload-order", "stop-first", "--preload", "standby", "--poll"),
            *("--engine", "tornado", "--loop", "uvloop", "--no-speedups"),
            *("--boot-timeout", "5", "--hang-timeout", "0"),
            *("--warn-blocking", "0.5", "--no-dev-tools", "--dev-host", "a.test"),
            *("--max-requests", "1000", "--max-rss", "1G", "--max-age", "60"),
        ).config
        assert replace(config, env_file=None) == ServeConfig(
            workers=2,
            port=0,
            address="0.0.0.0",
            reload=False,
            reload_order="stop-first",
            preload="standby",
            engine="tornado",
            loop="uvloop",
            speedups=False,
            poll=True,
            boot_timeout=5,
            hang_timeout=0,
            warn_blocking=0.5,
            dev_tools=False,
            dev_hosts=("a.test",),
            recycle=RecyclePolicy(max_requests=1000, max_rss=1024**3, max_age=60),
            watch=(here / "web.py", here),
            ignore=("*.log", "data/*"),
            access_log=False,
            log_level="warning",
            drain_timeout=0,
            http=HttpOptions(
                xheaders=True,
                trusted_downstream=("10.0.0.1", "::1"),
                certfile=str(CERTIFICATE),
                keyfile=str(KEY),
                max_body_size=1024**3,
            ),
            open_browser=True,
        )
        assert config.env_file is not None
        assert config.env_file.is_absolute()

    @pytest.mark.parametrize(
        ("words", "preload"),
        [
            ((), "fork"),
            (("--no-reload",), "off"),
            (("--no-preload",), "off"),
            (("--no-reload", "--preload", "fork"), "fork"),
            (("--preload", "off", "--no-preload"), "off"),
        ],
    )
    @pytest.mark.skipif(sys.platform == "darwin", reason="the default is standby there")
    def test_preload(self, hand: Hand, words: tuple[str, ...], preload: str) -> None:
        assert hand("web.py", *words).config.preload == preload

    def test_a_loop_that_is_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
        result = run("--loop", "uvloop", "web.py")
        assert result.exit_code == 2
        assert "--loop uvloop: it is not installed here" in result.stderr

    def test_preload_and_none(self) -> None:
        result = run("web.py", "--preload", "fork", "--no-preload")
        assert result.exit_code == 2
        assert "--no-preload contradicts --preload fork" in result.stderr

    def test_paths_are_absolute(self, hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", "/home/me")
        assert hand("web.py", "--unix-socket", "s").config.unix_socket == str(Path.cwd() / "s")
        assert hand("web.py", "--unix-socket", "~/s").config.unix_socket == "/home/me/s"

    @pytest.mark.parametrize("value", ["1", "2", "8"])
    def test_workers(self, hand: Hand, value: str) -> None:
        assert hand("web.py", "--workers", value).config.workers == int(value)

    @pytest.mark.parametrize("words", [("--workers", "auto"), ("--workers",)])
    def test_workers_auto(
        self, hand: Hand, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(cpus, "usable_cpus", lambda: 7)
        assert hand("web.py", *words).config.workers == 7
        assert hand(*words, TORNKIT_APP="web.py").config.workers == 7
        assert hand("web.py", TORNKIT_WORKERS="auto").config.workers == 7

    @pytest.mark.parametrize("value", ["0", "two", "1.5", "²", ""])
    def test_workers_that_are_none(self, value: str) -> None:
        result = run("web.py", f"--workers={value}")
        assert result.exit_code == 2
        assert "'auto'" in result.stderr

    def test_app_behind_a_bare_workers(self) -> None:
        result = run("--workers", "web.py")
        assert result.exit_code == 2
        assert "APP goes before a bare --workers" in " ".join(result.stderr.split())

    @pytest.mark.parametrize(
        ("text", "size"),
        [
            ("1", 1),
            ("1048576", 1024**2),
            ("512k", 512 * 1024),
            ("512K", 512 * 1024),
            ("512kB", 512 * 1024),
            ("512KiB", 512 * 1024),
            ("100M", 100 * 1024**2),
            ("2g", 2 * 1024**3),
            (" 7b ", 7),
        ],
    )
    def test_sizes(self, hand: Hand, text: str, size: int) -> None:
        assert hand("web.py", "--max-body-size", text).config.http.max_body_size == size

    @pytest.mark.parametrize("text", ["0", "0k", "", "k", "1.5M", "-1", "1t", "²", "2²k", "0x10"])
    def test_sizes_that_are_none(self, text: str) -> None:
        result = run("web.py", f"--max-body-size={text}")
        assert result.exit_code == 2
        assert "is no size; write" in result.stderr


class TestTarget:
    def test_application_and_program(self, hand: Hand) -> None:
        assert hand("web.py").target.kind is Kind.APPLICATION
        assert hand("chat.py").target.kind is Kind.PROGRAM
        assert hand("board.web:make_app").target.module == "board.web"
        assert hand(TORNKIT_APP="chat.py").target.label == "chat.py"

    def test_words_behind_dashes_are_the_programs(self, hand: Hand) -> None:
        handed = hand("chat.py", "--port", "1", "--", "--port", "2", "--", "x")
        assert handed.target.arguments == ("--port", "2", "--", "x")
        assert handed.config.port == 1

    @pytest.mark.parametrize("how", ["variable", "pyproject"])
    def test_also_where_app_is_not_typed(self, here: Path, hand: Hand, how: str) -> None:
        variables = {}
        if how == "variable":
            variables["TORNKIT_APP"] = "chat.py"
        else:
            (here / "pyproject.toml").write_text('[tool.tornkit]\napp = "chat.py"\n')
        target = hand("--", "--debug", "web.py", **variables).target
        assert (target.label, target.arguments) == ("chat.py", ("--debug", "web.py"))

    def test_for_an_application_they_are_refused(self) -> None:
        result = run("web.py:make_app", "--", "--debug")
        assert result.exit_code == 2
        assert result.stderr.startswith("error: arguments behind -- are for a program")

    def test_named_file_that_gets_some_is_a_program(self, hand: Hand) -> None:
        assert hand("web.py", "--", "--debug").target.kind is Kind.PROGRAM

    def test_dash_m(self, hand: Hand) -> None:
        target = hand("-m", "board.main").target
        assert (target.kind, target.module, target.arguments) == (Kind.PROGRAM, "board.main", ())
        arguments = hand("-m", "board.main", "a", "b", "--", "--debug").target.arguments
        assert arguments == ("a", "b", "--debug")

    def test_dash_m_is_not_given_the_usual_app(self, hand: Hand) -> None:
        target = hand("-m", "board.main", "--", "--debug", TORNKIT_APP="web.py").target
        assert (target.module, target.arguments) == ("board.main", ("--debug",))

    def test_unknown_option_is_ours_to_refuse(self) -> None:
        assert run("chat.py", "--debug").exit_code == 2

    @pytest.mark.parametrize("app", ["nosuch.py", "nosuch/web.py", "."])
    def test_missing(self, app: str) -> None:
        result = run(app, "--no-reload")
        if app == ".":
            assert "There is a program to name: chat.py." in result.stderr
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1


class TestRefused:
    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (("web.py", "--unix-socket", "s", "--port", "1"), "--unix-socket excludes --port"),
            (("web.py", "--unix-socket", "s", "--address", "::1"), "--unix-socket excludes"),
            (("web.py", "--keyfile", "k"), "--keyfile needs --certfile"),
            (("web.py", "--tls", "--certfile", "c"), "leave it or --certfile out"),
            (("chat.py", "--tls"), "--tls can't be given to a program"),
            (("web.py", "--watch", "nosuch"), "there is no such file or folder"),
            (("web.py", "--env-file", "nosuch"), "--env-file"),
            (("web.py", "--env-file", "."), "there is no such file"),
            (("chat.py", "--xheaders"), "--xheaders can't be given to a program"),
            (("chat.py", "--trusted-downstream", "::1"), "--trusted-downstream can't be given"),
            (("chat.py", "--max-body-size", "1k"), "--max-body-size can't be given"),
            (("chat.py", "--unix-socket", "s"), "--unix-socket can't be given"),
            (("chat.py", "--certfile", "c", "--xheaders"), "--xheaders, --certfile can't be given"),
            (("-m", "board", "--xheaders"), "--xheaders can't be given to a program"),
        ],
    )
    def test_makes_no_sense(self, arguments: tuple[str, ...], says: str) -> None:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith("error: ")
        assert says in result.stderr
        assert result.stderr.count("\n") == 1

    @pytest.mark.parametrize(
        ("given", "taken"),
        [("[::1]", "::1"), ("[::]", "::"), (" ::1 ", "::1"), ("fe80::1%lo", "fe80::1%lo")],
    )
    def test_address(self, hand: Hand, given: str, taken: str) -> None:
        assert hand("web.py", "--address", given).config.address == taken

    @pytest.mark.parametrize(
        ("given", "hint"),
        [
            ("localhost:80", "--address localhost --port 80"),
            ("[::1]:8000", "--address ::1 --port 8000"),
            ("http://localhost", "the host alone"),
            ("*", "0.0.0.0"),
        ],
    )
    def test_no_address(self, given: str, hint: str) -> None:
        result = run("web.py", "--address", given)
        assert result.exit_code == 2
        assert hint in " ".join(result.output.split())

    def test_program_may_have_a_port_and_an_address(self, hand: Hand) -> None:
        config = hand("chat.py", "--port", "1", "--address", "::1").config
        assert (config.port, config.address) == (1, "::1")


class TestCertificate:
    def test_key_in_the_same_file(self, here: Path, hand: Hand) -> None:
        (here / "both.pem").write_text(CERTIFICATE.read_text() + KEY.read_text())
        config = hand("web.py", "--certfile", "both.pem").config
        assert config.http == HttpOptions(certfile=str(here / "both.pem"))

    def test_one_of_this_machines_own(
        self, here: Path, hand: Hand, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []

        def local_certificate(names: Iterable[str]) -> LocalCertificate:
            asked.extend(names)
            return LocalCertificate(Path("/a/own.pem"), Path("/a/authority.pem"))

        monkeypatch.setattr(local_tls, "local_certificate", local_certificate)
        options = ("--tls", "--dev-host", "my-laptop", "--address", "192.0.2.7")
        handed = hand("web.py", *options)
        assert handed.config.http == HttpOptions(certfile="/a/own.pem", tls=True)
        assert asked == ["my-laptop", "192.0.2.7"]
        assert "/a/authority.pem" in handed.result.output

    @pytest.mark.parametrize(
        ("certificate", "key", "says"),
        [
            ("nosuch.pem", None, "--certfile {here}/nosuch.pem: there is no such file"),
            (CERTIFICATE, "nosuch.pem", "--keyfile {here}/nosuch.pem: there is no such file"),
            (CERTIFICATE, None, f"{CERTIFICATE} and its key can't be used: "),
            (CERTIFICATE, CERTIFICATE, f"{CERTIFICATE} and its key can't be used: "),
            ("web.py", None, "{here}/web.py and its key can't be used: "),
        ],
    )
    def test_can_not_be_used(
        self, here: Path, certificate: str | Path, key: str | Path | None, says: str
    ) -> None:
        more = [] if key is None else ["--keyfile", str(key)]
        result = run("web.py", "--certfile", str(certificate), *more)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("error: " + says.format(here=here))
        assert result.stderr.count("\n") == 1

    def test_encrypted_key_is_refused_and_no_password_asked_for(self, here: Path) -> None:
        openssl = shutil.which("openssl")
        if openssl is None:
            pytest.skip("encrypts a key with openssl")
        subprocess.run(
            [openssl, "pkey", "-in", KEY, "-aes128", "-passout", "pass:x", "-out", "key.pem"],
            timeout=30,
            check=True,
        )
        assert "ENCRYPTED" in (here / "key.pem").read_text()
        result = run("web.py", "--certfile", str(CERTIFICATE), "--keyfile", "key.pem")
        assert result.exit_code == 1
        assert "the key must not be encrypted" in result.stderr


def test_port_that_is_taken_is_one_line() -> None:
    """The real command: it ends before it starts a worker."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "tornkit", "serve", "web.py", "--port", str(port)],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert str(port) in done.stderr
    assert done.stderr.count("\n") == 1
