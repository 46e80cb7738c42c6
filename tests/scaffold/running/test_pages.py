"""Projects' pages in a browser: signing in, forms, a chat between two pages, nothing blocked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.clients.chromium import EXECUTABLE, Chromium, Page
from tests.scaffold.deploying.projects import PACKAGE
from tests.scaffold.running.conftest import Run

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.skipif(not EXECUTABLE, reason="there is no chromium here"),
]

PASSWORD = "correct horse battery"


@pytest.fixture
def browser() -> Iterator[Chromium]:
    with Chromium() as browser:
        yield browser


def complaints(page: Page) -> list[Any]:
    """What the browser's console says of a page that is wrong, and errors of its scripts."""
    return [each for each in page.faults() if each.get("entry", {}).get("level") != "info"]


def shows(page: Page, text: str) -> None:
    """Wait until the page shows a text."""
    page.wait_for(f"document.body !== null && document.body.innerText.includes({text!r})")


def send(page: Page, form: str, **values: str) -> None:
    """Fill in a form's fields and send it, as its button does."""
    for name, value in values.items():
        page.value(f"document.querySelector({form!r}).elements[{name!r}].value = {value!r}")
    page.value(f"document.querySelector({form!r}).requestSubmit()")


def test_signing_in_and_posting(served: Callable[..., Any], run: Run, browser: Chromium) -> None:
    server = served("site")
    run(server.folder, "-m", f"{PACKAGE}.users", "ada", typed=PASSWORD + "\n")
    page = browser.page(server.url + "/sign-in")
    send(page, "form.card", name="ada", password=PASSWORD)
    shows(page, "Welcome, ada!")
    send(page, "form.card", text="<b>A note</b>")
    shows(page, "Your note is there.")
    shows(page, "<b>A note</b>")
    send(page, "header form")
    shows(page, "You have signed out.")
    assert complaints(page) == []


def test_two_pages_talk_through_two_workers(served: Callable[..., Any], browser: Chromium) -> None:
    server = served("realtime")
    pages = [browser.page(server.url + "/rooms/garden") for _ in range(2)]
    for page in pages:
        page.wait_for("document.querySelector('#state')?.textContent", "connected")
    send(pages[0], "#say", author="Ada", text="Hello from here")
    send(pages[1], "#say", author="Bob", text="<i>and from there</i>")
    for page in pages:
        shows(page, "Hello from here")
        shows(page, "<i>and from there</i>")
        assert complaints(page) == []


def test_the_api_is_shown(served: Callable[..., Any], browser: Chromium) -> None:
    page = browser.page(served("api").url + "/")
    shows(page, "/api/v1/tasks/{task_id}")
    assert complaints(page) == []


@pytest.mark.parametrize("template", ["site", "realtime", "api"])
def test_what_slips_into_a_page_does_not_run(
    served: Callable[..., Any], browser: Chromium, template: str
) -> None:
    """The policy is in force: an inline script and one of elsewhere are refused."""
    page = browser.page(served(template).url + "/")
    for script in (
        "s.textContent = 'window.slipped = true'",
        "s.src = 'data:,window.slipped=true'",
    ):
        page.value(
            f"{{ const s = document.createElement('script'); {script}; document.head.append(s); }}"
        )
    page.wait_for("new Promise((done) => setTimeout(() => done(window.slipped), 100))", None)
    blocked = [each for each in complaints(page) if "Content Security Policy" in str(each)]
    assert len(blocked) == 2
