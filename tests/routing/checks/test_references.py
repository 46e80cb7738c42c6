from __future__ import annotations

import random
import re
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine
from tornado.routing import AnyMatches, HostMatches, PathMatches, Rule, RuleRouter
from tornado.template import Template
from tornado.web import Application, RequestHandler, url

from tornkit.routing.checks import findings
from tornkit.routing.checks.references import check, check_all
from tornkit.routing.model import Finding, Places, RouteTable, Severity, Source
from tornkit.routing.tables import route_table


class Page(RequestHandler):
    def get(self, *args: str, **kwargs: str) -> None: ...


RULES = [
    url(r"/", Page, name="home"),
    url(r"/posts/(\d+)", Page, name="post"),
    url(r"/(?P<year>\d+)/(?P<slug>[^/]+)", Page, name="entry"),
    url(r"/about", Page),
]
BASE = "from tornado.web import Application, RequestHandler\n"


def table_of(
    tmp_path: Path,
    *modules: str,
    templates: dict[str, str] | None = None,
    application: object = None,
    **settings: Any,
) -> RouteTable:
    """The table of `RULES` (or ``application``), whose user wrote these files."""
    python = []
    for number, code in enumerate(modules):
        file = tmp_path / f"m{number}.py"
        file.write_text(textwrap.dedent(code))
        python.append(str(file))
    folder = tmp_path / "templates"
    folder.mkdir(exist_ok=True)
    for name, text in (templates or {}).items():
        (folder / name).write_text(text)
    table = route_table(application or Application(RULES, **settings))
    return replace(table, places=Places(tuple(python), (str(folder),)))


def said(table: RouteTable) -> list[tuple[str, str]]:
    """Code, and the text of the line."""
    return [(each.code, line_of(each)) for each in check(table)]


def line_of(finding: Finding) -> str:
    assert finding.where is not None
    return Path(finding.where.file).read_text().split("\n")[finding.where.line - 1].strip()


def in_page(*lines: str) -> str:
    """A handler whose method has these lines."""
    body = "".join(f"        {line}\n" for line in lines)
    return f"{BASE}class Page(RequestHandler):\n    def get(self, *args):\n{body}"


def of(table: RouteTable) -> Finding:
    (finding,) = check(table)
    return finding


class TestAnUnknownName:
    def test_is_an_error_at_its_line(self, tmp_path: Path) -> None:
        found = of(table_of(tmp_path, in_page("pass", "self.redirect(self.reverse_url('psot'))")))
        assert (found.code, found.severity, found.route) == ("TK601", Severity.ERROR, None)
        assert found.where == Source(str(tmp_path / "m0.py"), 5)
        assert found.message == (
            "no route is named 'psot', so reverse_url raises KeyError; did you mean 'post'?"
        )

    def test_is_said_without_a_guess_where_nothing_is_like_it(self, tmp_path: Path) -> None:
        found = of(table_of(tmp_path, in_page("self.reverse_url('xyz')")))
        assert found.message == "no route is named 'xyz', so reverse_url raises KeyError"

    def test_in_a_template(self, tmp_path: Path) -> None:
        text = "<p>\n{% module Link(\n  reverse_url('psot')) %}"
        found = of(table_of(tmp_path, templates={"a.html": text}))
        assert found.code == "TK601"
        assert found.where == Source(str(tmp_path / "templates" / "a.html"), 3)

    def test_one_of_two(self, tmp_path: Path) -> None:
        table = table_of(tmp_path, in_page("self.reverse_url('home' if args else 'house')"))
        assert "'house'" in of(table).message

    def test_that_a_partial_gives_is_told_once(self, tmp_path: Path) -> None:
        code = in_page("link = partial(self.reverse_url, 'psot')", "link(1)", "link(2)")
        assert said(table_of(tmp_path, code)) == [
            ("TK601", "link = partial(self.reverse_url, 'psot')")
        ]

    @pytest.mark.parametrize(
        "line",
        [
            "self.reverse_url('home')",
            "self.reverse_url(args[0])",
            "router.reverse_url('psot')",
            "with suppress(KeyError): self.reverse_url('psot')",
        ],
    )
    def test_is_not_seen_where_there_is_none(self, tmp_path: Path, line: str) -> None:
        assert not said(table_of(tmp_path, in_page(line)))

    def test_where_it_is_expected(self, tmp_path: Path) -> None:
        code = in_page("try:", "    x = self.reverse_url('psot')", "except KeyError:", "    ...")
        assert not said(table_of(tmp_path, code))

    def test_of_a_rule_that_is_in_no_table(self, tmp_path: Path) -> None:
        rules = "if debug:\n    rules += [url(r'/debug', Debug, name='debug')]\n"
        found = of(table_of(tmp_path, in_page("self.reverse_url('debug')"), rules))
        assert found.code == "TK000"
        assert "m1.py:2 gives the name" in found.message

    def test_of_a_nested_application_s_rule(self, tmp_path: Path) -> None:
        inner = Application([url(r"/inner", Page, name="inner")])
        outer = Application([Rule(PathMatches("/in.*"), inner), *RULES])
        code = in_page("self.reverse_url('inner')", "self.reverse_url('home')")
        assert not said(table_of(tmp_path, code, application=outer))

    def test_of_a_router_that_can_not_reverse_is_another_finding(self, tmp_path: Path) -> None:
        outer = Application([Rule(AnyMatches(), RuleRouter([url("/a", Page, name="a")]))])
        assert not said(table_of(tmp_path, in_page("self.reverse_url('a', 1)"), application=outer))


class TestTheNumberOfArguments:
    def test_too_few(self, tmp_path: Path) -> None:
        found = of(table_of(tmp_path, in_page("self.reverse_url('post')")))
        assert (found.code, found.severity, found.route) == ("TK602", Severity.ERROR, 1)
        assert found.message == (
            r"'post' is reversed with no argument, and its pattern /posts/(\d+) takes 1: "
            "reverse_url raises AssertionError"
        )

    def test_too_many(self, tmp_path: Path) -> None:
        found = of(table_of(tmp_path, templates={"a.html": "{{ reverse_url('home', 1, 2) }}"}))
        assert (found.code, found.route) == ("TK602", 0)
        assert "with 2 arguments, and its pattern / takes 0" in found.message

    def test_by_name(self, tmp_path: Path) -> None:
        found = of(table_of(tmp_path, in_page("self.reverse_url('entry', year=1, slug='a')")))
        assert (found.code, found.route) == ("TK602", 2)
        assert "(year, slug): it raises TypeError" in found.message

    def test_none_at_all(self, tmp_path: Path) -> None:
        found = of(table_of(tmp_path, in_page("self.reverse_url()")))
        assert (found.code, found.route) == ("TK602", None)
        assert "without a name" in found.message

    def test_through_a_partial(self, tmp_path: Path) -> None:
        code = in_page("link = partial(self.reverse_url, 'entry', 1)", "link(2)", "link(2, 3)")
        assert said(table_of(tmp_path, code)) == [("TK602", "link(2, 3)")]

    @pytest.mark.parametrize(
        "line",
        [
            "self.reverse_url('post', *args)",
            "self.reverse_url('post', 1, *args)",
            "self.reverse_url('post', 1)",
            "self.reverse_url('post', **x)",
            "with raises(AssertionError): self.reverse_url('post')",
            "with raises(TypeError): self.reverse_url('post', id=1)",
        ],
    )
    def test_may_be_right(self, tmp_path: Path, line: str) -> None:
        found = said(table_of(tmp_path, in_page(line)))
        assert found == ([] if "**" not in line else [("TK602", line)])

    def test_is_that_of_the_last_of_two_equal_names(self, tmp_path: Path) -> None:
        rules = [url("/a", Page, name="a"), url("/a/(.*)", Page, name="a")]
        code = in_page("self.reverse_url('a')", "self.reverse_url('a', 1)")
        found = of(table_of(tmp_path, code, application=Application(rules)))
        assert (line_of(found), found.route) == ("self.reverse_url('a')", 1)

    def test_is_right_if_it_is_for_any_application(self, tmp_path: Path) -> None:
        inner = Application([url(r"/in/(.*)", Page, name="home")])
        outer = Application([Rule(PathMatches("/in.*"), inner), *RULES])
        code = in_page(*(f"self.reverse_url('home'{', 1' * n})" for n in range(3)))
        found = of(table_of(tmp_path, code, application=outer))
        assert line_of(found) == "self.reverse_url('home', 1, 1)"
        assert "/in/(.*) takes 1 or / takes 0" in found.message

    @pytest.mark.parametrize(
        "rule",
        [
            url(r"/(?:a|b)/(\d+)", Page, name="a"),  # fails with any number (TK301)
            Rule(AnyMatches(), Page, name="a"),
            Rule(HostMatches("a.com"), Page, name="a"),
        ],
    )
    def test_of_a_name_that_is_never_reversed_is_another_finding(
        self, tmp_path: Path, rule: Rule
    ) -> None:
        code = in_page("self.reverse_url('a')", "self.reverse_url('a', 1)")
        assert not said(table_of(tmp_path, code, application=Application([rule])))

    def test_is_undecided_where_a_matcher_has_a_reverse_of_its_own(self, tmp_path: Path) -> None:
        matcher = "class Loose(PathMatches):\n    def reverse(self, *args): return '/'\n"
        found = of(table_of(tmp_path, in_page("self.reverse_url('post')"), matcher))
        assert (found.code, line_of(found)) == ("TK000", "self.reverse_url('post')")


class TestAReverseUrlOfOnesOwn:
    CALLS = in_page("self.reverse_url('psot')", "self.reverse_url('post')").replace(
        "(RequestHandler)", "(Base)"
    )

    def base(self, arguments: str, result: str, above: str = "RequestHandler") -> str:
        return (
            f"{BASE}class Base({above}):\n"
            f"    def reverse_url(self, {arguments}):\n        return {result}\n"
        )

    def test_that_knows_more_names_is_undecided(self, tmp_path: Path) -> None:
        found = of(table_of(tmp_path, self.CALLS, self.base("name", "MORE[name]")))
        assert (found.code, line_of(found)) == ("TK000", "def reverse_url(self, name):")
        assert "Base.reverse_url" in found.message
        assert found.message.endswith("'psot', 'post'")

    def test_that_hands_everything_on_changes_nothing(self, tmp_path: Path) -> None:
        base = self.base("name, *args", "PREFIX + super().reverse_url(name, *args)")
        assert [code for code, _ in said(table_of(tmp_path, self.CALLS, base))] == [
            "TK601",
            "TK602",
        ]

    def test_that_hands_the_name_on_may_add_arguments(self, tmp_path: Path) -> None:
        base = self.base("name", "super().reverse_url(name, self.lang)")
        found = said(table_of(tmp_path, self.CALLS, base))
        assert [code for code, _ in found] == ["TK601", "TK000"]

    def test_that_has_keywords(self, tmp_path: Path) -> None:
        base = self.base("name, *args, full=0", "f(full, super().reverse_url(name, *args))")
        calls = self.CALLS.replace("'psot'", "'home', full=1").replace("'post'", "'home'")
        assert not said(table_of(tmp_path, calls, base))

    def test_of_a_class_beside_says_nothing_of_handlers(self, tmp_path: Path) -> None:
        base = self.base("name", "MORE[name]", above="object")
        calls = in_page("self.reverse_url('psot')")
        own = "class Link(Base):\n    def to(self):\n        return self.reverse_url('any')\n"
        assert [code for code, _ in said(table_of(tmp_path, calls, base + own))] == ["TK601"]

    def test_of_an_application_is_everybody_s(self, tmp_path: Path) -> None:
        base = self.base("name", "MORE[name]", above="Application")
        calls = in_page("self.reverse_url('psot')")
        table = table_of(tmp_path, calls, base, templates={"a.html": "{{ reverse_url('tsop') }}"})
        found = of(table)
        assert found.code == "TK000"
        assert found.message.endswith("'psot', 'tsop'")

    def test_that_is_innocent_is_not_spoken_of(self, tmp_path: Path) -> None:
        calls = in_page("self.reverse_url('home')").replace("(RequestHandler)", "(Base)")
        assert not said(table_of(tmp_path, calls, self.base("name", "MORE[name]")))

    def test_of_a_package_s_handler(self, tmp_path: Path) -> None:
        class Foreign(RequestHandler):
            def reverse_url(self, name: str, *args: object) -> str:
                return f"/{name}"

        class Home(Foreign): ...

        application = Application([url("/", Home, name="home")])
        table = table_of(tmp_path, in_page("self.reverse_url('psot')"), application=application)
        found = of(table)
        assert found.code == "TK000"
        assert "Foreign.reverse_url" in found.message


class TestWhatCanNotBeRead:
    def test_is_undecided(self, tmp_path: Path) -> None:
        broken = "\n{% if reverse_url('a') %}"
        found = of(table_of(tmp_path, templates={"a.html": broken}))
        assert (found.code, found.severity) == ("TK000", Severity.INFO)
        assert found.where == Source(str(tmp_path / "templates" / "a.html"), 2)
        assert "{% if %} without its {% end %}" in found.message


class TestSeveralApplications:
    def test_a_name_may_be_any_of_theirs_and_files_are_read_once(self, tmp_path: Path) -> None:
        code = in_page("self.reverse_url('home')", "self.reverse_url('b')", "self.reverse_url('c')")
        first = table_of(tmp_path, code)
        second = route_table(Application([url("/b", Page, name="b")]), start=len(first.routes))
        second = replace(second, places=first.places)
        found = list(check_all([first, second]))
        assert [(each.code, line_of(each)) for each in found] == [
            ("TK601", "self.reverse_url('c')")
        ]
        assert len(list(check(first))) == 2

    def test_the_route_is_that_of_the_table_that_has_it(self, tmp_path: Path) -> None:
        first = table_of(tmp_path, in_page("self.reverse_url('b', 1)"))
        second = route_table(Application([url("/b", Page, name="b")]), start=len(first.routes))
        (found,) = check_all([first, second])
        assert found.route == len(first.routes)

    def test_in_a_report_of_the_whole_program(self, tmp_path: Path) -> None:
        first = table_of(tmp_path, in_page("self.reverse_url('b')", "self.reverse_url('c')"))
        second = route_table(Application([url("/b", Page, name="b")]), start=len(first.routes))
        tables = [first, second]
        found = [each for t in tables for each in findings(t, ["references"], program=tables)]
        assert [line_of(each) for each in found] == ["self.reverse_url('c')"]

    def test_none(self) -> None:
        assert not list(check_all([]))


# ---- the truth: what is reported is what raises, and nothing else ----

ERRORS = re.compile(r"raises (\w+)")


def handler(application: Application) -> RequestHandler:
    line = RequestStartLine("GET", "/", "HTTP/1.1")
    headers = HTTPHeaders({"Host": "localhost"})
    connection: Any = Connection()
    request = HTTPServerRequest(start_line=line, headers=headers, connection=connection)
    return Page(application, request)


class Connection:
    """What a handler asks of the connection when it is made."""

    context = None

    def set_close_callback(self, callback: object) -> None: ...


def calls(chance: random.Random, count: int) -> list[str]:
    """Expressions without ``self.``, each another."""
    names = ["home", "post", "entry", "psot", "", "Home", "entry "]
    made: set[str] = set()
    while len(made) < count:
        name = repr(chance.choice(names))
        given = [name, *chance.choices(["1", "'a'", "None", "n", "b'x'"], k=chance.randint(0, 4))]
        given = given if chance.random() < 0.95 else []
        if chance.random() < 0.1:
            given.append(chance.choice(["slug=1", "name='home'", "year=2"]))
        made.add(f"reverse_url({', '.join(given)})")
    return sorted(made)


def raised(call: Any) -> str | None:
    try:
        call()
    except (KeyError, AssertionError, TypeError) as error:
        return type(error).__name__
    return None


def told(table: RouteTable) -> dict[int, set[str]]:
    """By line, the errors that the findings announce."""
    errors: dict[int, set[str]] = {}
    for finding in check(table):
        assert finding.where is not None
        announced = ERRORS.search(finding.message)
        assert announced is not None
        errors.setdefault(finding.where.line, set()).add(announced[1])
    return errors


def test_in_python_what_is_reported_raises_and_what_is_not_does_not(tmp_path: Path) -> None:
    expressions = calls(random.Random(1), 400)
    page = handler(Application(RULES))
    found = told(table_of(tmp_path, in_page(*(f"self.{each}" for each in expressions))))
    outcomes = {}
    for number, expression in enumerate(expressions, 4):
        outcomes[number] = raised(lambda: eval(f"self.{expression}", {"self": page, "n": 3}))  # noqa: B023
        assert (outcomes[number] is not None) == (number in found), expression
        # A call that is wrong in two ways raises the one that Python comes to first.
        assert outcomes[number] is None or outcomes[number] in found[number], expression
    assert set(outcomes.values()) == {None, "KeyError", "AssertionError", "TypeError"}


def test_in_templates_what_is_reported_raises_and_what_is_not_does_not(tmp_path: Path) -> None:
    expressions = calls(random.Random(2), 200)
    page = handler(Application(RULES))
    text = "\n".join(f"{{{{ {each} }}}}" for each in expressions)
    found = told(table_of(tmp_path, templates={"a.html": text}))
    for number, expression in enumerate(expressions, 1):
        template = Template(f"{{{{ {expression} }}}}")
        outcome = raised(lambda: template.generate(reverse_url=page.reverse_url, n=3))  # noqa: B023
        assert (outcome is not None) == (number in found), expression
        assert outcome is None or outcome in found[number], expression
