"""Each sample marks the lines of its uses with ``# <-``, which is how lines are checked."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tornkit.routing.model import Places
from tornkit.routing.references import references
from tornkit.routing.references.model import Receiver, Use


def uses(tmp_path: Path, code: str) -> tuple[Use, ...]:
    """The uses in a module of this text, whose lines are the marked ones."""
    text = textwrap.dedent(code)
    file = tmp_path / "handlers.py"
    file.write_text(text)
    found = references(Places((str(file),)))
    assert not found.unread
    assert {each.source.file for each in found.uses} <= {str(file)}
    marked = [n for n, line in enumerate(text.splitlines(), 1) if line.endswith("# <-")]
    assert sorted({each.source.line for each in found.uses}) == marked
    return found.uses


def method(body: str) -> str:
    """A handler with a method of this body."""
    lines = textwrap.indent(textwrap.dedent(body).strip("\n"), " " * 8)
    return f"class Page(RequestHandler):\n    def get(self, *args):\n{lines}\n"


def one(tmp_path: Path, expression: str) -> Use:
    """The use in a method that consists of one expression."""
    (use,) = uses(tmp_path, method(f"{expression}  # <-"))
    return use


@pytest.mark.parametrize(
    ("receiver", "asked"),
    [
        ("self", Receiver.SELF),
        ("super()", Receiver.SELF),
        ("self.handler", Receiver.HANDLER),
        ("handler", Receiver.HANDLER),
        ("self.application", Receiver.APPLICATION),
        ("self.handler.application", Receiver.APPLICATION),
        ("application", Receiver.APPLICATION),
        ("app", Receiver.APPLICATION),
        ("self.app", Receiver.APPLICATION),
    ],
)
def test_whoever_can_be_tornados_is_asked(tmp_path: Path, receiver: str, asked: Receiver) -> None:
    use = one(tmp_path, f'{receiver}.reverse_url("post", 1, 2)')
    assert (use.asked, use.names, use.arguments, use.within) == (asked, ("post",), 2, "Page")


@pytest.mark.parametrize(
    "expression", ["router.reverse_url('a')", "self.links.reverse_url('a')", "x().reverse_url('a')"]
)
def test_others_are_left_alone(tmp_path: Path, expression: str) -> None:
    assert not uses(tmp_path, method(expression))


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ("self.reverse_url('a')", ("a",)),
        ("self.reverse_url('a' 'b')", ("ab",)),
        ("self.reverse_url(name='a')", ("a",)),
        ("self.reverse_url('a' if args else 'b')", ("a", "b")),
        ("self.reverse_url('a' if args else 'b' if self else 'c')", ("a", "b", "c")),
        ("self.reverse_url('a' if args else args[0])", ("a",)),
        ("self.reverse_url(a := 'a')", ("a",)),
        ("self.reverse_url(args[0])", ()),
        ("self.reverse_url(f'a{args}')", ()),
        ("self.reverse_url('a' + args[0])", ()),
        ("self.reverse_url(5)", ()),
        ("self.reverse_url(*args)", ()),
        ("self.reverse_url(**dict(args))", ()),
    ],
)
def test_names_that_are_written_out(
    tmp_path: Path, expression: str, names: tuple[str, ...]
) -> None:
    assert one(tmp_path, expression).names == names


@pytest.mark.parametrize(
    ("expression", "arguments", "keywords"),
    [
        ("self.reverse_url('a')", 0, ()),
        ("self.reverse_url('a', 1, '2', x)", 3, ()),
        ("self.reverse_url('a', *args)", None, ()),
        ("self.reverse_url('a', 1, *args)", None, ()),
        ("self.reverse_url('a', 1, id=2, slug=3)", 1, ("id", "slug")),
        ("self.reverse_url('a', name='b')", 0, ("name",)),
        ("self.reverse_url('a', **x)", 0, ()),
        ("self.reverse_url()", 0, ()),
        ("self.reverse_url(x, 1)", None, ()),
        ("self.reverse_url(x, id=1)", None, ("id",)),
    ],
)
def test_arguments_are_counted(
    tmp_path: Path, expression: str, arguments: int | None, keywords: tuple[str, ...]
) -> None:
    use = one(tmp_path, expression)
    assert (use.arguments, use.keywords) == (arguments, keywords)


def test_the_line_is_that_of_the_word(tmp_path: Path) -> None:
    found = uses(
        tmp_path,
        '''
        """About reverse_url."""
        class Page(RequestHandler):
            @wraps(app.reverse_url("decorator"))  # <-
            async def get(self, a=app.reverse_url("default")):  # <-
                """Calls self.reverse_url("nothing")."""
                self.redirect(
                    self.application  # self.reverse_url("comment")
                    .reverse_url(  # <-
                        "chain",
                        lambda: self.reverse_url("lambda"),  # <-
                    )
                )
                text = f"""
                  {self.reverse_url('text')} # <-
                  {self.reverse_url('text')} # <-
                """
                return [self.reverse_url("loop", n) for n in text]  # <-
        ''',
    )
    names = [each.names[0] for each in found]
    assert names == ["decorator", "default", "chain", "lambda", "text", "text", "loop"]


def test_lines_of_a_file_from_windows(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"\r\n\r\nurl = lambda self:\\\r\n  self.reverse_url('a')\r\n")
    (use,) = references(Places((str(file),))).uses
    assert use.source.line == 4


class TestWhatANameStandsFor:
    @pytest.mark.parametrize(
        "code",
        [
            "name = 'a'\nself.reverse_url(name)  # <-",
            "name: str = 'a'\nself.reverse_url(name)  # <-",
            "name = other = 'a'\nself.reverse_url(other)  # <-",
            "first = 'a'\nsecond = first\nself.reverse_url(second)  # <-",
            "name = 'a'\nreturn [self.reverse_url(name) for _ in args]  # <-",
            "name = 'a'\ndef inner():\n    return self.reverse_url(name)  # <-",
            "url = self.reverse_url\nurl('a')  # <-",
            "app = self.application\nurl = app.reverse_url\nurl('a')  # <-",
            "asked = self.handler\nasked.reverse_url('a')  # <-",
        ],
    )
    def test_one_assignment_is_followed(self, tmp_path: Path, code: str) -> None:
        (use,) = uses(tmp_path, method(code))
        assert use.names == ("a",)

    @pytest.mark.parametrize(
        "code",
        [
            "name = 'a'\nname = 'b'\nself.reverse_url(name)  # <-",
            "name = 'a'\nname += 'b'\nself.reverse_url(name)  # <-",
            "name = 'a'\nfor name in args: pass\nself.reverse_url(name)  # <-",
            "name = 'a'\nreturn [self.reverse_url(name) for name in args]  # <-",
            "name = 'a'\ndef inner(name):\n    return self.reverse_url(name)  # <-",
            "name = 'a'\nwith args as name: pass\nself.reverse_url(name)  # <-",
            "name, other = 'a', 'b'\nself.reverse_url(name)  # <-",
            "name = 'a'\nimport name\nself.reverse_url(name)  # <-",
            "name = 'a'\ndel name\nself.reverse_url(name)  # <-",
            "name = 'a'\ntry: ...\nexcept E as name: ...\nself.reverse_url(name)  # <-",
            "name = 'a'\nmatch args:\n    case [name]: ...\nself.reverse_url(name)  # <-",
            "name = 'a'\ndef f():\n    nonlocal name\n    name = 1\nself.reverse_url(name)  # <-",
            "self.reverse_url(name)  # <-",
            "a = b\nb = a\nself.reverse_url(a)  # <-",
        ],
    )
    def test_what_may_be_something_else_is_not(self, tmp_path: Path, code: str) -> None:
        (use,) = uses(tmp_path, method(code))
        assert use.names == ()

    def test_a_constant_of_the_module(self, tmp_path: Path) -> None:
        (use,) = uses(tmp_path, "HOME = 'home'\n" + method("self.reverse_url(HOME)  # <-"))
        assert use.names == ("home",)

    @pytest.mark.parametrize(
        "before",
        [
            "HOME = 'home'\ndef change():\n    global HOME\n    HOME = 'b'\n",
            "HOME = 'home'\nfrom local_settings import *\n",
            "if x:\n    HOME = 'home'\nelse:\n    HOME = 'house'\n",
            "from names import HOME\n",
        ],
    )
    def test_one_that_changes(self, tmp_path: Path, before: str) -> None:
        (use,) = uses(tmp_path, before + method("self.reverse_url(HOME)  # <-"))
        assert use.names == ()

    def test_a_class_s_names_are_not_its_methods_names(self, tmp_path: Path) -> None:
        code = """
        name = "module"
        class Page(RequestHandler):
            name = "class"
            url = app.reverse_url(name)  # <-
            def get(self):
                self.reverse_url(name)  # <-
        """
        assert [use.names for use in uses(tmp_path, code)] == [("class",), ("module",)]

    def test_an_alias_of_a_module_is_followed_into_functions_without_the_word(
        self, tmp_path: Path
    ) -> None:
        code = """
        from tornado.web import Application
        app = Application()
        url = app.reverse_url
        def home():
            return url("home")  # <-
        """
        (use,) = uses(tmp_path, code)
        assert (use.asked, use.names) == (Receiver.APPLICATION, ("home",))


class TestPartial:
    def test_gives_the_name_where_it_is_made(self, tmp_path: Path) -> None:
        made, called = uses(
            tmp_path,
            method(
                """
                url = functools.partial(self.reverse_url, "post", 1)  # <-
                url(2)  # <-
                """
            ),
        )
        assert (made.names, made.arguments, made.judged) == (("post",), None, False)
        assert (called.names, called.arguments, called.judged) == (("post",), 2, True)

    def test_without_a_name(self, tmp_path: Path) -> None:
        (use,) = uses(tmp_path, method("partial(self.reverse_url)('post', 1)  # <-"))
        assert (use.names, use.arguments, use.judged) == (("post",), 1, False)

    def test_of_a_partial(self, tmp_path: Path) -> None:
        found = uses(
            tmp_path,
            method(
                """
                first = partial(self.reverse_url, "post")  # <-
                second = partial(first, 1)
                second(2, id=3)  # <-
                """
            ),
        )
        assert (found[-1].arguments, found[-1].keywords) == (2, ("id",))

    def test_of_something_else(self, tmp_path: Path) -> None:
        assert not uses(tmp_path, method("partial(self.static_url, 'reverse_url')('post')"))


class TestWhoseApplication:
    @pytest.mark.parametrize(
        "before",
        [
            "from tornado.web import Application\napp = Application()",
            "import tornado.web as w\napp = w.Application([])",
            "from .main import app",
            "from handlers import app",
            "from tornado import web\napp = web.Application()",
            "def make_app(): ...\napp = make_app()",
            "app = None\napp = load()",
        ],
    )
    def test_one_of_ours(self, tmp_path: Path, before: str) -> None:
        assert uses(tmp_path, f"{before}\napp.reverse_url('a')  # <-")

    @pytest.mark.parametrize(
        "before",
        [
            "from elsewhere import app",
            "import elsewhere.app as app",
            "import elsewhere\napp = elsewhere.App()",
            "app = Client()",
            "app = {}",
        ],
    )
    def test_one_of_another_package(self, tmp_path: Path, before: str) -> None:
        assert not uses(tmp_path, f"{before}\napp.reverse_url('a')")


class TestWhatIsExpected:
    @pytest.mark.parametrize(
        ("caught", "expects"),
        [
            ("KeyError", {"KeyError"}),
            ("LookupError", {"KeyError"}),
            ("(KeyError, AssertionError)", {"KeyError", "AssertionError"}),
            ("TypeError", {"TypeError"}),
            ("HTTPError", set()),
            ("ValueError", set()),
            ("errors.Broken as error", set()),
            ("Exception", {"KeyError", "AssertionError", "TypeError"}),
            ("BaseException", {"KeyError", "AssertionError", "TypeError"}),
            ("", {"KeyError", "AssertionError", "TypeError"}),
        ],
    )
    def test_by_a_try_around_it_alone(self, tmp_path: Path, caught: str, expects: set[str]) -> None:
        code = f"try:\n    x = self.reverse_url('a')  # <-\nexcept {caught}:\n    ...\n"
        (use,) = uses(tmp_path, method(code.replace("except :", "except:")))
        assert use.expects == expects

    def test_a_handler_for_everything_around_more_than_the_call_expects_nothing(
        self, tmp_path: Path
    ) -> None:
        code = "try:\n    self.reverse_url('a')  # <-\n    await x\nexcept Exception:\n    ...\n"
        (use,) = uses(tmp_path, method(code))
        assert not use.expects

    def test_not_in_the_handler_nor_in_else(self, tmp_path: Path) -> None:
        code = """
        try:
            x
        except KeyError:
            self.reverse_url('a')  # <-
        else:
            self.reverse_url('a')  # <-
        finally:
            self.reverse_url('a')  # <-
        """
        assert not any(use.expects for use in uses(tmp_path, method(code)))

    @pytest.mark.parametrize(
        "manager", ["suppress(KeyError)", "pytest.raises((KeyError, ValueError))"]
    )
    def test_by_a_context_manager(self, tmp_path: Path, manager: str) -> None:
        code = f"with {manager}:\n    self.reverse_url('a')  # <-\n"
        (use,) = uses(tmp_path, method(code))
        assert use.expects == {"KeyError"}


def test_dynamic_names_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(method("self.reverse_url(x)\nself.reverse_url('a')\nself.reverse_url(y, 1)"))
    assert references(Places((str(file),))).dynamic == 2


def test_files_that_can_not_be_read_are_told(tmp_path: Path) -> None:
    broken, missing, plain = tmp_path / "broken.py", tmp_path / "missing.py", tmp_path / "plain.py"
    broken.write_text("\n\nself.reverse_url('a'\n")
    plain.write_text("broken, but without the word (")
    found = references(Places((str(broken), str(missing), str(plain))))
    told = {Path(each.source.file).name: each.source.line for each in found.unread}
    assert told == {"broken.py": 3, "missing.py": 1}


def test_no_warning_of_the_user_s_code_is_repeated(tmp_path: Path) -> None:
    assert one(tmp_path, r"self.reverse_url('a', '\d')").arguments == 1
