from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from tornkit.routing.model import Places
from tornkit.routing.references import references
from tornkit.routing.references.model import Forwards, Receiver, Replacement

EVERYBODY = frozenset(Receiver)
HANDLERS = frozenset({Receiver.HANDLER, Receiver.TEMPLATE})
TEMPLATES = frozenset({Receiver.TEMPLATE})
NOBODY: frozenset[Receiver] = frozenset()


def replaced(tmp_path: Path, *modules: str) -> tuple[Replacement, ...]:
    files = []
    for number, code in enumerate(modules):
        file = tmp_path / f"m{number}.py"
        file.write_text(textwrap.dedent(code))
        files.append(str(file))
    return references(Places(tuple(files))).replacements


def one(tmp_path: Path, *modules: str) -> Replacement:
    (found,) = replaced(tmp_path, *modules)
    return found


@pytest.mark.parametrize(
    ("head", "asked"),
    [
        ("class Base(RequestHandler)", HANDLERS),
        ("class Base(tornado.web.RequestHandler)", HANDLERS),
        ("class Base(Generic[T], Handler[T])", HANDLERS),
        ("class Base(make_base())", HANDLERS),
        ("class Base(web.Application)", EVERYBODY),
        ("class Application(tornado.web.Application)", EVERYBODY),
        ("class RequestHandler(tornado.web.RequestHandler)", HANDLERS),
        ("class Base(ReversibleRouter)", EVERYBODY),
        ("class Base", NOBODY),
        ("class Base(object)", NOBODY),
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        "def reverse_url(self, name): return name",
        "reverse_url = make()",
        "def __init__(self): self.reverse_url = make()",
        "if True:\n        async def reverse_url(self, name): return name",
    ],
)
def test_a_class_s_own(tmp_path: Path, head: str, asked: frozenset[Receiver], body: str) -> None:
    found = one(tmp_path, f"{head}:\n    {body}\n")
    assert found.asked == asked
    assert found.forwards is Forwards.NOTHING
    assert found.label == f"{head.split('(')[0].split()[1]}.reverse_url"


def test_it_is_that_of_all_classes_below(tmp_path: Path) -> None:
    """Those of files without the word included, across files and several steps."""
    found = one(
        tmp_path,
        "class Links:\n    def reverse_url(self, name): return name\n",
        "from m0 import Links\nclass Base(Links, web.RequestHandler):\n    pass\n",
        "import m1\nclass Page(m1.Base):\n    class Meta: ...\nclass Other(Page): ...\n",
        "class Stranger(web.RequestHandler): ...\n",
    )
    assert found.classes == {"Links", "Base", "Page", "Other"}
    assert found.asked == HANDLERS


def test_a_class_that_nobody_derives_from_a_handler_concerns_itself(tmp_path: Path) -> None:
    found = one(
        tmp_path,
        "class Links:\n    def reverse_url(self, name): return name\n",
        "class Page(web.RequestHandler): ...\n",
    )
    assert (found.classes, found.asked) == (frozenset({"Links"}), NOBODY)


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        ("def reverse_url(handler, name): return name", TEMPLATES),
        ("def make():\n    def reverse_url(handler, name): return name", TEMPLATES),
        ("class A:\n    def f(self):\n        def reverse_url(name): ...", TEMPLATES),
        ("reverse_url = make()", TEMPLATES),
        ("from elsewhere import reverse_url", TEMPLATES),
        ("from elsewhere import link as reverse_url", TEMPLATES),
        ("from .links import link as reverse_url", TEMPLATES),
        ("from . import link as reverse_url", TEMPLATES),
        ("context.setdefault('reverse_url', link)", TEMPLATES),
        ("self.render('a.html', reverse_url=link)", TEMPLATES),
        ("namespace['reverse_url'] = link", TEMPLATES),
        ("ui_methods = {'reverse_url': link}", TEMPLATES),
        ("dict(reverse_url=lambda name: name)", TEMPLATES),
        ("app.reverse_url = link", EVERYBODY),
        ("web.Application.reverse_url: object = link", EVERYBODY),
        ("setattr(app, 'reverse_url', link)", EVERYBODY),
    ],
)
def test_what_no_class_has(tmp_path: Path, code: str, asked: frozenset[Receiver]) -> None:
    found = one(tmp_path, code)
    assert (found.asked, found.classes, found.forwards) == (asked, frozenset(), Forwards.NOTHING)


@pytest.mark.parametrize(
    "code",
    [
        "reverse_url = self.reverse_url",
        "self.render('a.html', reverse_url=self.reverse_url)",
        "namespace = {'reverse_url': handler.reverse_url}",
        "namespace = {'reverse_url': reverse_url}",
        "self.reverse_url('a', reverse=url)",
        "from tornado.web import reverse_url",
        "from .links import reverse_url",
        "x = self.reverse_url == y",
        "'''reverse_url'''",
        "def other(): return x.reverse_url",
    ],
)
def test_what_is_nothing_new(tmp_path: Path, code: str) -> None:
    assert not replaced(tmp_path, code)


@pytest.mark.parametrize(
    ("arguments", "body", "forwards"),
    [
        ("name, *args", "return '/x' + super().reverse_url(name, *args)", Forwards.ALL),
        ("name, *args, absolute=False", "return f(super().reverse_url(name, *args))", Forwards.ALL),
        ("name, *rest", "return self.application.reverse_url(name, *rest)", Forwards.ALL),
        ("name, *args", "return super().reverse_url(name, self.lang, *args)", Forwards.NAME),
        ("name, id, *args", "return super().reverse_url(name, *args)", Forwards.NAME),
        ("name, id", "return super().reverse_url(name, id)", Forwards.NAME),
        ("name, *args", "return super().reverse_url(name, *map(str, args))", Forwards.NAME),
        ("name, *args", "args = f(args)\n        super().reverse_url(name, *args)", Forwards.NAME),
        ("name, *args", "return super().reverse_url('x-' + name, *args)", Forwards.NOTHING),
        ("name, *args", "name = f(name)\n        super().reverse_url(name)", Forwards.NOTHING),
        ("*args", "return super().reverse_url(*args)", Forwards.ALL),
        ("*args, **options", "return f(super().reverse_url(*args), options)", Forwards.ALL),
        ("lang, *args", "return f(lang, super().reverse_url(*args))", Forwards.NOTHING),
        ("*args", "return super().reverse_url(*args[1:])", Forwards.NOTHING),
        ("id, name", "return super().reverse_url(name, id)", Forwards.NOTHING),
        (
            "name, *args",
            "try: return super().reverse_url(name, *args)\n        except KeyError: return '#'",
            Forwards.NOTHING,
        ),
        (
            "name, *args",
            "return '#' if name in X else super().reverse_url(name, *args)",
            Forwards.NOTHING,
        ),
    ],
)
def test_what_a_method_hands_on(
    tmp_path: Path, arguments: str, body: str, forwards: Forwards
) -> None:
    code = f"""
    class Base(RequestHandler):
        def reverse_url(self, {arguments}):
            {body.replace("        ", "            ")}
    """
    assert one(tmp_path, code).forwards is forwards


def test_what_a_ui_method_hands_on(tmp_path: Path) -> None:
    code = "def reverse_url(handler, name, *args): return handler.reverse_url(name, *args)"
    assert one(tmp_path, code).forwards is Forwards.ALL
    code = "x.render(reverse_url=lambda name, *args: '/x' + x.reverse_url(name, *args))"
    assert one(tmp_path, code).forwards is Forwards.ALL


def test_matchers_with_a_reverse_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(
        "class A(PathMatches):\n    def match(self): ...\n    def reverse(self, *args): ...\n"
        "class B(list):\n    def reverse(self): ...\n"
        "class C(routing.Matcher):\n    def match(self): ...\n"
    )
    assert [each.line for each in references(Places((str(file),))).matchers] == [3]
