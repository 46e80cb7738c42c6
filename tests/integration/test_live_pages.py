"""Pages in a real browser: they follow what is saved, and show what keeps them from it."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.chromium import EXECUTABLE, Chromium, Page
from tests.integration.waiting import wait_for

if TYPE_CHECKING:
    from tests.integration.serve import Serve
    from tests.integration.server import Server

pytestmark = pytest.mark.skipif(not EXECUTABLE, reason="there is no chromium here")

APP = """\
import os
from tornado.web import Application, RequestHandler

POLICY = ""


class Main(RequestHandler):
    def get(self):
        if POLICY:
            self.set_header("Content-Security-Policy", POLICY)
        self.render("page.html", word="one", nonce="abc")


class Items(RequestHandler):
    def get(self):
        self.write(str(1 / 0))

    post = get


def make_app():
    folder = os.path.dirname(__file__)
    return Application(
        [("/", Main), ("/items", Items)],
        template_path=folder,
        static_path=os.path.join(folder, "static"),
    )
"""
PAGE = """\
<!DOCTYPE html>
<html><head><title>page</title>
<link rel="stylesheet" href="/static/a.css">
<script nonce="{{ nonce }}">
window.loaded = Math.random();
window.faults = [];
addEventListener("securitypolicyviolation", (event) => faults.push(event.blockedURI));
addEventListener("error", (event) => faults.push(event.message));
</script>
</head><body style="height: 3000px">
<h1>{{ word }}</h1>
<form><input id="name"><textarea name="text"></textarea><input type="checkbox" name="on">
<select name="one"><option>a</option><option>b</option></select>
<input type="password" name="secret"></form>
</body></html>
"""
FILES = {"app.py": APP, "page.html": PAGE, "static/a.css": "h1 { color: red }\n"}
H1 = "document.querySelector('h1')?.textContent"
COLOUR = "getComputedStyle(document.querySelector('h1')).color"
PANEL = "document.querySelector('tornkit-panel')?.shadowRoot"
BROKEN = "\nbroken = 1 / 0\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    with Chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Chromium) -> Iterator[Page]:
    page = browser.page()
    yield page
    page.close()


def url_of(server: Server) -> str:
    return server.url.replace("127.0.0.1", "localhost") + "/"


def opened(page: Page, server: Server, path: str = "") -> None:
    """Open a page, and wait until it hears of what is saved."""
    page.open(url_of(server) + path)
    page.wait_for("window.__tornkit && __tornkit.heard")


def write(server: Server, name: str, old: str, new: str) -> None:
    path = server.folder / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def no_fault(page: Page) -> None:
    assert page.value("window.faults") == []


def test_an_edit_shows_without_a_key_and_with_all_that_was_typed(serve: Serve, page: Page) -> None:
    server = serve(FILES)
    opened(page, server)
    page.value(
        """document.querySelector("#name").value = "Anna";
        document.querySelector("textarea").value = "half a";
        document.querySelector("[name=on]").checked = true;
        document.querySelector("select").selectedIndex = 1;
        document.querySelector("[name=secret]").value = "hunter2";
        document.querySelector("textarea").focus();
        document.querySelector("textarea").setSelectionRange(2, 3);
        scrollTo(0, 700)"""
    )
    write(server, "app.py", '"one"', '"two"')
    page.wait_for(H1, "two")
    page.wait_for("document.readyState", "complete")
    page.wait_for("scrollY", 700)
    assert page.value("document.querySelector('#name').value") == "Anna"
    assert page.value("document.querySelector('textarea').value") == "half a"
    assert page.value("document.querySelector('[name=on]').checked") is True
    assert page.value("document.querySelector('select').selectedIndex") == 1
    assert page.value("document.activeElement.name") == "text"
    assert page.value("document.activeElement.selectionStart") == 2
    assert page.value("JSON.stringify(sessionStorage)").find("hunter2") == -1
    no_fault(page)


@pytest.mark.thorough
def test_how_soon_an_edit_shows(serve: Serve, page: Page) -> None:
    """Twenty times; the figures are printed, for a look at them on a quiet machine."""
    server = serve(FILES)
    opened(page, server)
    took = []
    for number in range(20):
        write(server, "app.py", 'word="', f'word="{number}')
        expected = "".join(map(str, reversed(range(number + 1)))) + "one"
        took.append(page.wait_for(H1, expected))
        page.wait_for("window.__tornkit && __tornkit.heard")
    print(f"median {statistics.median(took) * 1000:.0f} ms, {[round(t * 1000) for t in took]}")
    assert statistics.median(took) < 1


@pytest.mark.thorough
def test_a_style_is_swapped_in_place(serve: Serve, page: Page) -> None:
    server = serve({**FILES, "static/b.css": "h1 { color: red }\n"})
    opened(page, server)
    before = page.value("loaded")
    page.value('document.querySelector("#name").value = "Anna"')
    (server.folder / "static/a.css").write_text("h1 { color: lime }\n")
    page.wait_for(COLOUR, "rgb(0, 255, 0)")
    (server.folder / "static/a.css").write_text('@import "b.css";\n')
    page.wait_for(COLOUR, "rgb(255, 0, 0)")
    (server.folder / "static/b.css").write_text("h1 { color: blue }\n")
    page.wait_for(COLOUR, "rgb(0, 0, 255)")
    assert page.value("loaded") == before
    assert page.value('document.querySelector("#name").value') == "Anna"
    assert page.value("document.querySelectorAll('link').length") == 1
    no_fault(page)


@pytest.mark.thorough
def test_a_template_or_another_static_file_refreshes(serve: Serve, page: Page) -> None:
    server = serve({**FILES, "static/a.js": "window.script = 1;\n"})
    opened(page, server)
    write(server, "page.html", "<h1>", "<script src='/static/a.js'></script><h1>new ")
    page.wait_for(H1, "new one")
    page.wait_for("window.script", 1)
    page.wait_for("__tornkit.heard")
    (server.folder / "static/a.js").write_text("window.script = 2;\n")
    page.wait_for("window.script", 2)


@pytest.mark.parametrize(
    "times", [pytest.param(6, marks=pytest.mark.thorough, id="often"), pytest.param(2, id="twice")]
)
def test_a_broken_save_is_shown_over_the_page_that_still_works(
    serve: Serve, page: Page, times: int
) -> None:
    server = serve(FILES)
    opened(page, server)
    for number in range(times):
        before = page.value("loaded")
        text = (server.folder / "app.py").read_text()
        server.write("app.py", text + BROKEN)
        page.wait_for(f"{PANEL}?.textContent.includes('ZeroDivisionError')")
        line = text.count("\n") + 2
        assert page.value(f"{PANEL}.textContent.includes('app.py:{line}')")
        assert page.value(f"{PANEL}.querySelector('.reached').textContent").endswith(
            "broken = 1 / 0"
        )
        assert page.value("loaded") == before, "the page is still the same"
        answer = "fetch('/').then((answer) => answer.text())"
        assert "<h1>one" in page.value(answer), "and the old code answers it"
        server.write("app.py", text)
        page.wait_for(f"{PANEL} || null", None)
        page.wait_for("window.__tornkit && __tornkit.heard")
        assert server.reloads == number + 1


@pytest.mark.thorough
def test_the_panel_can_be_opened_and_hidden(serve: Serve, page: Page) -> None:
    server = serve(FILES)
    opened(page, server)
    server.write("app.py", APP + BROKEN)
    page.wait_for(f"{PANEL}?.querySelector('section') !== undefined")
    shown = f"getComputedStyle({PANEL}.querySelector('main')).display"
    assert page.value(shown) == "none"
    page.value(f"{PANEL}.querySelector('button').click()")
    assert page.value(shown) == "block"
    page.value(
        f"{PANEL}.querySelector('button').dispatchEvent("
        "new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, composed: true }))"
    )
    assert page.value(f"{PANEL} || null") is None


@pytest.mark.thorough
def test_a_broken_first_start(serve: Serve, page: Page) -> None:
    server = serve({**FILES, "app.py": APP + BROKEN}, wait=False, port=(port := serve.free_port()))
    server.wait_for_log("save a file to retry")
    wait_for(lambda: "503" in str(status_of(server, port)), "the stand-in answers")
    page.do("Page.navigate", url=f"http://localhost:{port}/items/5?a=b")
    page.wait_for(f"{PANEL}?.textContent.includes('ZeroDivisionError')")
    server.write("app.py", APP + "\nbroken = [].x\n")
    page.wait_for(f"{PANEL}?.textContent.includes('AttributeError')")
    server.write("app.py", APP.replace('"/items"', '"/items/5"'))
    page.wait_for("document.title.startsWith('ZeroDivisionError at /items/5')")
    page.wait_for(f"{PANEL} || null", None)
    assert page.value("location.search") == "?a=b"
    server.wait_until_serving()


def status_of(server: Server, port: int) -> int:
    try:
        return server.get("/", url=f"http://127.0.0.1:{port}").status
    except OSError:
        return 0


def streams_of(browser: Chromium, server: Server) -> list[Any]:
    """The streams of events that pages have asked for by themselves."""
    return browser.heard(
        "Network.requestWillBeSent", lambda event: "/events?" in event["request"]["url"]
    )


@pytest.mark.thorough
def test_two_tabs_have_one_connection_and_refresh_once(
    serve: Serve, browser: Chromium, page: Page
) -> None:
    server = serve(FILES)
    opened(page, server)
    other = browser.page()
    opened(other, server)
    assert streams_of(browser, server) == [], "it is the shared worker's"
    times = "performance.timeOrigin"
    before = [page.value(times), other.value(times)]
    assert [page.value("document.hidden"), other.value("document.hidden")] == [True, False]
    write(server, "app.py", '"one"', '"two"')
    other.wait_for(H1, "two")
    other.wait_for("window.__tornkit && __tornkit.heard")
    time.sleep(0.5)  # for a refresh that must not come
    assert page.value(times) == before[0], "not while nobody sees it"
    page.do("Page.bringToFront")
    page.wait_for(H1, "two")
    page.wait_for("window.__tornkit && __tornkit.heard")
    after = [page.value(times), other.value(times)]
    assert [a != b for a, b in zip(before, after, strict=True)] == [True, True]
    time.sleep(0.5)
    assert [page.value(times), other.value(times)] == after, "once"
    other.close()


@pytest.mark.thorough
def test_after_a_sleep_and_a_restart_of_the_server_it_refreshes_once(
    serve: Serve, page: Page, browser: Chromium
) -> None:
    port = serve.free_port()
    server = serve(FILES, port=port)
    opened(page, server)
    browser.stop()
    write(server, "app.py", '"one"', '"two"')
    server.wait_for_reload()
    browser.go_on()
    page.wait_for(H1, "two")
    page.wait_for("window.__tornkit && __tornkit.heard")
    server.stop()
    time.sleep(0.5)
    before = page.value("performance.timeOrigin")
    assert page.value(H1) == "two", "the page stays while the server is away"
    again = serve({"app.py": APP.replace('"one"', '"three"')}, port=port)
    page.wait_for(H1, "three")
    page.wait_for("window.__tornkit && __tornkit.heard")
    after = page.value("performance.timeOrigin")
    assert after != before
    time.sleep(0.5)
    assert page.value("performance.timeOrigin") == after
    assert again.errors == []


@pytest.mark.thorough
@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'none'; script-src 'nonce-abc'; style-src 'self'",
        "default-src 'none'; script-src 'nonce-abc' 'strict-dynamic'; style-src 'self'",
        "default-src 'self'; script-src 'nonce-abc'",
        "default-src 'none'; style-src 'self'; script-src "
        "'sha256-bMCXtQ0Wyea/hkMiEAgdyIX+zHFh7uwZAbVmOlfXRY8='",
    ],
    ids=["nonce", "strict", "self", "hash"],
)
def test_strict_policies(serve: Serve, page: Page, policy: str) -> None:
    server = serve({**FILES, "app.py": APP.replace('POLICY = ""', f'POLICY = "{policy}"')})
    opened(page, server)
    write(server, "app.py", '"one"', '"two"')
    page.wait_for(H1, "two")
    page.wait_for("window.__tornkit && __tornkit.heard")
    blocked = [] if "sha256" in policy else page.value("window.faults")
    assert [each for each in blocked if "tornkit" in each] == []
    server.write("app.py", (server.folder / "app.py").read_text() + BROKEN)
    page.wait_for(f"{PANEL}?.textContent.includes('ZeroDivisionError')")
    position = "getComputedStyle(document.querySelector('tornkit-panel')).position"
    assert page.value(position) == "fixed", "its style is there"


@pytest.mark.thorough
def test_a_suggestion_leads_there_and_a_frame_opens_in_the_editor(
    serve: Serve, page: Page, tmp_path: Path
) -> None:
    opened_lines = tmp_path / "opened"
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho "$1:$2" >> {opened_lines}\n')
    editor.chmod(0o755)
    server = serve(FILES, "--editor", f"{editor} {{file}} {{line}}")
    page.open(url_of(server) + "itemz")
    page.value("document.querySelector('a[href=\"/items\"]').click()")
    page.wait_for("document.title.startsWith('ZeroDivisionError at /items')")
    page.value("[...document.querySelectorAll('details.users [data-frame]')][0].click()")
    line = 1 + APP.splitlines().index("        self.write(str(1 / 0))")
    wait_for(
        lambda: (
            opened_lines.exists() and opened_lines.read_text() == f"{server.folder}/app.py:{line}\n"
        ),
        "the editor has the line",
    )
    opened_lines.unlink()
    post = "Object.assign(document.createElement('form'), { method: 'post', action: '/items' })"
    opened(page, server)
    page.value(f"document.body.appendChild({post}).submit()")
    page.wait_for("document.body.textContent.includes('POST /items')")
    page.value("[...document.querySelectorAll('details.users [data-frame]')][0].click()")
    wait_for(lambda: line_in(opened_lines) == f"{server.folder}/app.py:{line}", "of a form as well")
    opened(page, server)
    server.write("app.py", APP + BROKEN)
    page.wait_for(f"{PANEL}?.querySelector('.place button') !== undefined")
    page.value(f"{PANEL}.querySelector('.place button').click()")
    line = APP.count("\n") + 2
    wait_for(lambda: line_in(opened_lines) == f"{server.folder}/app.py:{line}", "and that one")


def line_in(path: Path) -> str:
    """The last line of a file that may not be there yet."""
    return path.read_text().splitlines()[-1] if path.exists() and path.read_text() else ""


MAKE = """
class Make(RequestHandler):
    def get(self):
        with open("static/" + self.get_argument("name"), "a") as file:
            file.write("1\\n")


def make_app"""


@pytest.mark.thorough
def test_a_page_that_has_its_server_write_files_is_not_loaded_for_ever(
    serve: Serve, page: Page
) -> None:
    """Data that no page has loaded is nothing; and of other files it is enough some day."""
    fetching = "<script>setTimeout(() => fetch('/make?name=a.json'), 300)</script>"
    app = APP.replace("\ndef make_app", MAKE)
    app = app.replace('("/", Main)', '("/", Main), ("/make", Make)')
    server = serve({**FILES, "app.py": app, "page.html": PAGE + fetching})
    opened(page, server)
    wait_for(lambda: "GET /make" in server.log, "it was written")
    time.sleep(1)
    assert len(re.findall("GET / ", server.log)) == 1
    write(server, "page.html", "a.json", "a.js")
    wait_for(lambda: len(re.findall("GET / ", server.log)) >= 6, "it was loaded again and again")
    time.sleep(2)
    loads = len(re.findall("GET / ", server.log))
    assert loads <= 7
    time.sleep(1)
    assert len(re.findall("GET / ", server.log)) == loads


@pytest.mark.thorough
def test_a_page_that_stays_old_is_not_loaded_for_ever(serve: Serve, page: Page) -> None:
    header = 'self.set_header("Server-Timing", "tornkit;desc=old.1"); self.render('
    server = serve({**FILES, "app.py": APP.replace("self.render(", header)})
    page.do("Page.navigate", url=url_of(server))
    wait_for(lambda: len(re.findall("GET / ", server.log)) == 6, "it was loaded again")
    page.wait_for("window.__tornkit?.heard")
    time.sleep(0.5)
    assert len(re.findall("GET / ", server.log)) == 6


@pytest.mark.thorough
def test_the_page_of_the_server(serve: Serve, page: Page) -> None:
    server = serve({**FILES, "app.py": APP.replace('("/", Main)', '("/", Main), ("/", Items)')})
    server.get("/")
    server.get("/items")
    server.get("/missing?token=hunter2")
    page.open(f"{url_of(server)}__tornkit__/")
    page.wait_for("document.querySelectorAll('#workers tr').length", 1)
    page.wait_for("document.querySelectorAll('#requests tr').length", 3)
    page.wait_for("document.querySelector('#errors summary').textContent.includes('ZeroDivision')")
    page.wait_for("document.querySelector('#findings').textContent.includes('TK201')")
    page.value("document.querySelector('#filter').value = 'items'")
    page.value("document.querySelector('#filter').dispatchEvent(new Event('input'))")
    assert page.value("document.querySelectorAll('#routes tr').length") == 2
    page.value("document.querySelector('[name=url]').value = '/itemz'")
    page.value("document.querySelector('#try').requestSubmit()")
    page.wait_for("document.querySelector('#tried').textContent.includes('spelt otherwise')")
    assert "hunter2" not in page.value("document.body.textContent")
    write(server, "app.py", '("/", Main), ("/", Items)', '("/", Main), ("/more", Items)')
    page.value("document.querySelector('#filter').value = 'more'")
    page.wait_for("document.querySelectorAll('#routes tr').length", 1)
    assert page.value("document.documentElement.scrollWidth <= innerWidth")
    assert [e for e in page.faults() if "favicon" not in str(e)] == []


@pytest.mark.thorough
@pytest.mark.parametrize("option", ["--no-reload", "--no-dev-tools"])
def test_nothing_of_it_without_the_tools(serve: Serve, option: str) -> None:
    server = serve(FILES, option)
    browser = ("Accept: text/html", "Sec-Fetch-Dest: document")
    response = server.get("/", *browser)
    assert "tornkit" not in response.text
    assert "Server-Timing" not in response.headers
    for path in ("client.js", "session", "events", "open"):
        assert server.get(f"/__tornkit__/{path}", "X-Tornkit: session").status == 404


@pytest.mark.thorough
@pytest.mark.parametrize("engine", ["tornado", "tls"])
def test_where_the_connection_is_tornados(serve: Serve, engine: str) -> None:
    """Encrypted or not: the page hears of what is saved."""
    options = ["--tls"] if engine == "tls" else ["--engine", engine]
    if engine == "tls":
        pytest.importorskip("trustme")
    server = serve(FILES, *options)
    with Chromium("--ignore-certificate-errors") as browser:
        page = browser.page()
        opened(page, server)
        for old, new in (("one", "two"), ("two", "three")):
            write(server, "app.py", f'"{old}"', f'"{new}"')
            page.wait_for(H1, new)
            page.wait_for("window.__tornkit && __tornkit.heard")
