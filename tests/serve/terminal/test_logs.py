"""Lines on the terminal, and who writes them."""

from __future__ import annotations

import io
import json
import logging
import random
import re
import sys
from collections.abc import Callable, Iterator
from logging.handlers import HTTPHandler, QueueHandler, QueueListener, SysLogHandler
from queue import SimpleQueue
from typing import TextIO

import pytest
from tornado.log import LogFormatter

from tests.nasty_text import NASTY, disobedient, random_text
from tornkit.own_frames import FOLDER
from tornkit.serve.terminal import debugger, logs

Written = Callable[[], str]

CLOCK = r"\d\d:\d\d:\d\d"


def record(*args: object, message: str = "%d %s %.2fms") -> logging.LogRecord:
    """As `tornado.web.Application.log_request` makes it."""
    return logging.LogRecord("tornado.access", logging.INFO, "", 0, message, args, None)


def access_line(*args: object, message: str = "%d %s %.2fms", worker: int | None = None) -> str:
    formatter = logs.AccessFormatter(colour=False, worker=worker)
    return formatter.format(record(*args, message=message))


class TestAccessLine:
    def test_shape(self) -> None:
        line = access_line(200, "GET /path?a=1 (127.0.0.1)", 1.234)
        assert re.fullmatch(rf"{CLOCK} 200 GET /path\?a=1 1\.2 ms 127\.0\.0\.1", line)

    def test_worker(self) -> None:
        line = access_line(200, "GET / (::1)", 1.0, worker=3)
        assert re.fullmatch(rf"{CLOCK} \[3\] 200 GET / 1\.0 ms ::1", line)

    @pytest.mark.parametrize(
        ("milliseconds", "shown"),
        [(0.04, "0.0 ms"), (999.94, "999.9 ms"), (1000.0, "1.00 s"), (61_500.0, "61.50 s")],
    )
    def test_how_long_it_took(self, milliseconds: float, shown: str) -> None:
        assert f"/ {shown} ::1" in access_line(200, "GET / (::1)", milliseconds)

    def test_columns(self) -> None:
        formatter = logs.AccessFormatter(colour=False, worker=None, columns=True)
        made = [
            ("GET /path?a=1 (::1)", 1.234, "200   1.2 ms GET     /path?a=1 ::1"),
            ("OPTIONS / (127.0.0.1)", 999.94, "200 999.9 ms OPTIONS / 127.0.0.1"),
            ("DELETE /a (b) (::1)", 61_500.0, "200  61.50 s DELETE  /a (b) ::1"),
            (
                "GET 4 static files: a.css (::1)",
                3.0,
                "200   3.0 ms GET     4 static files: a.css ::1",
            ),
            ("PROPFIND /\x1b[31m (::1)", 3.0, "200   3.0 ms PROPFIND /\\x1b[31m ::1"),
        ]
        for summary, milliseconds, shown in made:
            line = formatter.format(record(200, summary, milliseconds))
            assert re.sub(rf"^{CLOCK} ", "", line) == shown

    def test_path_with_a_bracket(self) -> None:
        assert "GET /a (b) 1.0 ms ::1" in access_line(200, "GET /a (b) (::1)", 1.0)

    @pytest.mark.parametrize("text", ["\x1b[31mred", "a\nb", "a\rb", "\x9b2J", "\u202egnp.exe"])
    def test_no_control_character_reaches_the_terminal(self, text: str) -> None:
        for line in (
            access_line(200, f"GET /{text} (::1)", 1.0),
            access_line(text, message="upgrade of %s"),
        ):
            assert line.isprintable()
            assert ascii(text[-2:])[-3:-1] in ascii(line)

    def test_other_lines_of_that_logger_are_shown_as_they_are(self) -> None:
        line = access_line("é", message="upgraded %s")
        assert re.fullmatch(rf"{CLOCK} upgraded é", line)
        assert access_line(message="100% done").endswith(" 100% done")

    @pytest.mark.parametrize(
        ("status", "code"),
        [(101, "31"), (200, "32"), (204, "32"), (302, "36"), (404, "33"), (500, "31"), (599, "31")],
    )
    def test_colour_tells_the_status(self, status: int, code: str) -> None:
        formatter = logs.AccessFormatter(colour=True, worker=None)
        line = formatter.format(record(status, "GET / (::1)", 1.0))
        assert f"\x1b[{code}m{status}\x1b[0m" in line


@pytest.fixture
def loggers(monkeypatch: pytest.MonkeyPatch) -> Iterator[logging.Logger]:
    """The access logger; it and the root logger as in a new process."""
    root, access = logging.getLogger(), logging.getLogger("tornado.access")
    for logger in (root, access):
        monkeypatch.setattr(logger, "handlers", [])
        monkeypatch.setattr(logger, "filters", [])
    monkeypatch.setattr(root, "addHandler", not_pytests(root.addHandler))
    monkeypatch.setattr(logging, "basicConfig", logging.basicConfig)  # it is replaced
    level, root_level = access.level, root.level
    access.setLevel(logging.NOTSET)
    root.setLevel(logging.WARNING)
    yield access
    access.setLevel(level)
    root.setLevel(root_level)


def not_pytests(add: Callable[[logging.Handler], None]) -> Callable[[logging.Handler], None]:
    """Pytest adds handlers of its own once the fixtures are made; a worker has none."""
    return lambda handler: None if type(handler).__module__.startswith("_pytest") else add(handler)


@pytest.fixture
def stderr(capsys: pytest.CaptureFixture[str]) -> Written:
    """What was written to standard error."""
    return lambda: capsys.readouterr().err


def log_a_request(access: logging.Logger) -> None:
    access.info("%d %s %.2fms", 200, "GET / (::1)", 1.0)


class TestApplicationLogging:
    def test_level_and_shape(self, loggers: logging.Logger, stderr: Written) -> None:
        logs.set_up_application_logging("info", 2)
        logging.getLogger("board.db").debug("unseen")
        logging.getLogger("board.db").warning("slow: %d", 7)
        assert re.fullmatch(rf"{CLOCK} \[2\] W board\.db: slow: 7\n", stderr())

    def test_exception_is_shown_whole(self, loggers: logging.Logger, stderr: Written) -> None:
        logs.set_up_application_logging("info", None)
        try:
            raise ValueError("no db")
        except ValueError:
            logging.getLogger("board").exception("failed")
        lines = stderr().splitlines()
        assert re.fullmatch(rf"{CLOCK} E board: failed", lines[0])
        assert lines[1] == "Traceback (most recent call last):"
        assert lines[-1] == "ValueError: no db"

    def test_stack_is_shown(self, loggers: logging.Logger, stderr: Written) -> None:
        logs.set_up_application_logging("info", None)
        logging.getLogger("board").info("here", stack_info=True)
        assert "test_stack_is_shown" in stderr()

    def test_what_is_set_up_already_stays(self, loggers: logging.Logger, stderr: Written) -> None:
        mine = logging.NullHandler()
        logging.getLogger().addHandler(mine)
        logs.set_up_application_logging("debug", None)
        assert logging.getLogger().handlers == [mine]
        assert logging.getLogger().level == logging.WARNING


class TestTextOfClients:
    def test_a_warning_of_tornados_own_stays_one_line(
        self, loggers: logging.Logger, stderr: Written
    ) -> None:
        logs.set_up_application_logging("info", None)
        path = "../\x1b]0;x\x07\n14:00:00 200 GET /forged"
        general = logging.getLogger("tornado.general")
        general.warning("%d %s: %s is not in root", 403, "GET / (::1)", path)
        general.warning("%(path)s", {"path": path})
        first, second = stderr().splitlines()
        shown = r"../\x1b]0;x\x07\n14:00:00 200 GET /forged"
        assert first.endswith(f" W tornado.general: 403 GET / (::1): {shown} is not in root")
        assert second.endswith(f" W tornado.general: {shown}")

    def test_lines_of_a_message_are_indented(
        self, loggers: logging.Logger, stderr: Written
    ) -> None:
        logs.set_up_application_logging("info", None)
        logging.getLogger("board").warning("two\nlines\tof %s", "a\n14:00:00 200 GET /forged")
        first, *others = stderr().splitlines()
        assert first.endswith(" W board: two")
        assert others == ["    lines\tof a", "    14:00:00 200 GET /forged"]

    def test_lines_of_an_error_are_indented(self, loggers: logging.Logger, stderr: Written) -> None:
        logs.set_up_application_logging("info", None)
        try:
            try:
                raise KeyError(NASTY)
            except KeyError as cause:
                error = ValueError(f"bad\n14:00:00 200 GET /forged\n{NASTY}")
                error.add_note(NASTY)
                raise error from cause
        except ValueError:
            logging.getLogger("board").exception("failed")
        shown = stderr()
        assert disobedient(shown) == set()
        lines = shown.splitlines()
        assert lines[1] == "Traceback (most recent call last):"
        assert "The above exception was the direct cause of the following exception:" in lines
        at = lines.index("ValueError: bad")
        assert lines[at + 1] == "    14:00:00 200 GET /forged"
        clocks = [line for line in lines if re.match(CLOCK, line)]
        assert clocks == lines[:1], "one record, one line that begins like one"

    def test_a_group_of_errors(self, loggers: logging.Logger, stderr: Written) -> None:
        logs.set_up_application_logging("info", None)
        try:
            raise ExceptionGroup(NASTY, [ValueError(NASTY), OSError(2, NASTY, NASTY)])
        except ExceptionGroup:
            logging.getLogger("board").exception("failed", stack_info=True)
        shown = stderr()
        assert disobedient(shown) == set()
        assert len([line for line in shown.splitlines() if re.match(CLOCK, line)]) == 1

    def test_nothing_is_obeyed_wherever_it_stands(
        self, loggers: logging.Logger, stderr: Written
    ) -> None:
        logs.set_up_application_logging("debug", 1)
        logs.set_up_access_log(1, enabled=True)
        chance = random.Random(4)
        texts = [NASTY, *(random_text(chance) for _ in range(100))]
        for text in texts:
            quoted = text.replace("%", "%%")
            for name in ("board", f"board{text}", "tornado.general", "tornado.application"):
                logger = logging.getLogger(name)
                logger.error(quoted)
                logger.error(f"{quoted} %s %r", text, text)
                logger.error("%s", ValueError(text))
            loggers.info("%d %s %.2fms", 200, f"{text} / ({text})", 1.0)
            loggers.info(f"{quoted} %s", text)
        shown = stderr()
        assert disobedient(shown) == set()
        clocks = [line for line in shown.splitlines() if re.match(CLOCK, line)]
        assert len(clocks) == len(texts) * 14

    def test_the_logging_of_a_program_is_its_own(
        self, loggers: logging.Logger, stderr: Written
    ) -> None:
        logging.basicConfig(level="INFO", format="%(message)s", stream=sys.stderr)
        logs.set_up_access_log(None, enabled=True)
        logging.getLogger("tornado.general").warning("a\x1b\n%s", "b\nc")
        assert stderr() == "a\x1b\nb\nc\n"


class TestAccessLog:
    def test_one_line_a_request(self, loggers: logging.Logger, stderr: Written) -> None:
        logs.set_up_application_logging("info", None)
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        assert stderr().count("GET /") == 1

    def test_whatever_the_level_of_the_rest(self, loggers: logging.Logger, stderr: Written) -> None:
        logs.set_up_application_logging("error", None)
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        assert stderr().count("GET /") == 1

    def test_without_any_logging_set_up(self, loggers: logging.Logger, stderr: Written) -> None:
        logs.set_up_access_log(4, enabled=True)
        log_a_request(loggers)
        assert re.fullmatch(rf"{CLOCK} \[4\] 200 GET / 1\.0 ms ::1\n", stderr())

    def test_in_columns_on_a_terminal(
        self, loggers: logging.Logger, stderr: Written, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        monkeypatch.setenv("NO_COLOR", "1")
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        assert re.fullmatch(rf"{CLOCK} 200   1\.0 ms GET     / ::1\n", stderr())

    @pytest.mark.parametrize("level", ["info", "debug"])
    def test_disabled(self, loggers: logging.Logger, stderr: Written, level: str) -> None:
        logs.set_up_application_logging(level, None)
        logs.set_up_access_log(None, enabled=False)
        log_a_request(loggers)
        loggers.error("%d %s %.2fms", 500, "GET / (::1)", 1.0)
        assert stderr() == ""

    @pytest.mark.parametrize("name", ["stderr", "stdout"])
    def test_programs_console_gives_up_the_access_lines_alone(
        self, loggers: logging.Logger, capsys: pytest.CaptureFixture[str], name: str
    ) -> None:
        logging.basicConfig(level="INFO", stream=getattr(sys, name))
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        logging.getLogger("board").info("hello")
        written = capsys.readouterr()
        assert re.fullmatch(rf"({CLOCK} 200 GET / 1\.0 ms ::1\n)(INFO:.*\n)?", written.err)
        assert "INFO:board:hello\n" in getattr(written, name.removeprefix("std"))
        assert "GET" not in written.out

    def test_programs_file_keeps_them(self, loggers: logging.Logger, stderr: Written) -> None:
        file = io.StringIO()
        logging.basicConfig(level="INFO", stream=file)
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        assert file.getvalue().count("GET /") == 1
        assert stderr().count("GET /") == 1

    def test_program_that_writes_its_own(self, loggers: logging.Logger, stderr: Written) -> None:
        own = io.StringIO()
        loggers.addHandler(logging.StreamHandler(own))
        loggers.setLevel(logging.INFO)
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        assert own.getvalue() == "200 GET / (::1) 1.00ms\n"
        assert stderr() == ""

    def test_programs_level_stays(self, loggers: logging.Logger, stderr: Written) -> None:
        loggers.setLevel(logging.WARNING)
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        assert stderr() == ""


def json_handler(stream: TextIO, formatter: logging.Formatter | None) -> logging.Handler:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    return handler


class Elsewhere(logging.Handler):
    """As Rich's and loguru's: no StreamHandler, and it writes to the terminal."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stderr.write(f"elsewhere: {record.getMessage()}\n")


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return json.dumps({"message": record.getMessage()})


JSON_BY_TEXT = logging.Formatter('{"level": "%(levelname)s", "message": "%(message)s"}')


class TestOwnFormat:
    """Where the lines have a form that was chosen, the access lines have it too, and come once."""

    @pytest.mark.parametrize("how", ["another class", "a formatter", "a format", "a queue"])
    @pytest.mark.parametrize("is_application", [False, True])
    def test_access_lines_are_the_handlers(
        self, loggers: logging.Logger, stderr: Written, how: str, is_application: bool
    ) -> None:
        if is_application:
            logs.set_up_application_logging("info", None)
        root = logging.getLogger()
        queue = QueueHandler(SimpleQueue())
        handlers = {
            "another class": Elsewhere(),
            "a formatter": json_handler(sys.stderr, JsonFormatter()),
            "a format": json_handler(sys.stderr, JSON_BY_TEXT),
            "a queue": queue,
        }
        root.addHandler(handlers[how])
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        logging.getLogger("board").warning("hello")
        if how == "a queue":
            listener = QueueListener(queue.queue, Elsewhere())
            listener.start()
            listener.stop()
        request, hello = stderr().splitlines()
        assert "200 GET / (::1) 1.00ms" in request
        assert "hello" in hello
        assert request[0] == hello[0] == ("{" if "format" in how else "e")

    @pytest.mark.parametrize(
        "formatter", [None, logging.Formatter("%(message)s"), LogFormatter(color=False)]
    )
    def test_text_that_anyone_has_is_replaced(
        self, loggers: logging.Logger, stderr: Written, formatter: logging.Formatter | None
    ) -> None:
        logging.getLogger().addHandler(json_handler(sys.stderr, formatter))
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        assert re.fullmatch(rf"{CLOCK} 200 GET / 1\.0 ms ::1\n", stderr())

    @pytest.mark.parametrize(
        "make",
        [
            logging.NullHandler,
            lambda: SysLogHandler(("127.0.0.1", 9)),
            lambda: HTTPHandler("localhost", "/"),
        ],
    )
    def test_handler_that_writes_elsewhere_is_not_enough(
        self,
        loggers: logging.Logger,
        stderr: Written,
        make: Callable[[], logging.Handler],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        handler = make()
        monkeypatch.setattr(handler, "emit", lambda record: None)
        logging.getLogger().addHandler(handler)
        logs.set_up_access_log(None, enabled=True)
        log_a_request(loggers)
        handler.close()
        assert re.fullmatch(rf"{CLOCK} 200 GET / 1\.0 ms ::1\n", stderr())

    def test_console_of_an_application_takes_the_place_of_ours(
        self, loggers: logging.Logger, stderr: Written
    ) -> None:
        logs.set_up_application_logging("info", None)
        logging.getLogger().addHandler(logging.StreamHandler(sys.stderr))
        logs.set_up_access_log(None, enabled=True)
        logging.getLogger("board").warning("hello")
        assert stderr() == "hello\n"

    def test_basic_config_of_an_application_counts(
        self, loggers: logging.Logger, stderr: Written
    ) -> None:
        logs.set_up_application_logging("info", None)
        logging.basicConfig(format="mine: %(message)s", level="DEBUG")
        logging.getLogger("board").debug("hello")
        assert stderr() == "mine: hello\n"

    def test_basic_config_that_says_a_level_alone(
        self, loggers: logging.Logger, stderr: Written
    ) -> None:
        logs.set_up_application_logging("info", None)
        logging.basicConfig(level=logging.DEBUG)
        logging.basicConfig()
        logging.getLogger("board").debug("hello")
        assert re.fullmatch(rf"{CLOCK} D board: hello\n", stderr())


def raised(code: str, *files: str) -> BaseException:
    """An error of ``code``, called from the files in turn, outermost first; this one's are cut."""
    compiled = compile(code, files[-1], "exec")
    names: dict[str, object] = {}
    for file in reversed(files[:-1]):
        names = {"code": compiled, "names": names}
        compiled = compile("exec(code, names)", file, "exec")
    with pytest.raises(Exception) as caught:  # noqa: PT011 - whatever the code raises
        exec(compiled, names)
    return caught.value.with_traceback(caught.tb.tb_next)


class TestOwnFrames:
    @pytest.fixture(autouse=True)
    def _filters(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in logs._TELL_ERRORS:
            monkeypatch.setattr(logging.getLogger(name), "filters", [])
        logs.show_no_own_frames()
        logs.show_no_own_frames()  # once is enough

    @pytest.mark.parametrize("name", ["tornado.application", "tornado.general", "asyncio"])
    def test_are_in_nobodys_traceback(self, name: str, caplog: pytest.LogCaptureFixture) -> None:
        own = f"{FOLDER}engine/speedups/writing.py"
        error = raised("1 / 0", own, "/me/app.py", own, "/lib/tornado/web.py", own)
        logging.getLogger(name).error("failed", exc_info=error)
        assert re.findall(r'File "(.*?)"', caplog.text) == ["/me/app.py", "/lib/tornado/web.py"]
        assert caplog.text.endswith("ZeroDivisionError: division by zero\n")

    def test_alone_are_a_mistake_of_ours(self, caplog: pytest.LogCaptureFixture) -> None:
        own = f"{FOLDER}engine/transport/batch.py"
        logging.getLogger("asyncio").error("failed", exc_info=raised("1 / 0", own, own))
        assert re.findall(r'File "(.*?)"', caplog.text) == [own, own]

    def test_call_that_does_not_fit(self, caplog: pytest.LogCaptureFixture) -> None:
        error = raised("(lambda: 1)(2)", f"{FOLDER}engine/speedups/body.py")
        logging.getLogger("tornado.application").error("failed", exc_info=error)
        assert "Traceback" not in caplog.text
        assert "\nTypeError: <lambda>() takes 0 positional arguments but 1 was given" in caplog.text

    def test_debugger_without_a_terminal(
        self, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        error = raised("import bdb\nraise bdb.BdbQuit", "/me/app.py")
        monkeypatch.setattr(debugger, "has_terminal", lambda: True)
        logging.getLogger("tornado.application").error("%s", "failed", exc_info=error)
        assert debugger.advice() not in caplog.text
        monkeypatch.setattr(debugger, "has_terminal", lambda: False)
        logging.getLogger("tornado.application").error("%s", "failed", exc_info=error)
        assert f"failed\n{debugger.advice()}\nTraceback" in caplog.text
