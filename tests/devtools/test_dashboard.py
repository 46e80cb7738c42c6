"""What the page of a server is told of its routes."""

from __future__ import annotations

import json

from tornado.web import Application, RequestHandler, url

from tornkit.devtools import dashboard


class Item(RequestHandler):
    def get(self, number: str) -> None:
        raise AssertionError


def test_routes_with_their_findings_and_without_secrets() -> None:
    app = Application(
        [
            url(r"/items/(\d+)", Item, {"api_key": "hunter2"}, name="item"),
            (r"/items/(5)", Item),
        ]
    )
    told = json.loads(dashboard.routes([app], "shop:app"))
    assert told["app"] == "shop:app"
    assert [(each["path"], each["name"]) for each in told["routes"]] == [
        (r"/items/(\d+)", "item"),
        ("/items/(5)", None),
    ]
    assert told["routes"][0]["declared"]["line"] == 20
    assert 1 in [finding["route"] for finding in told["findings"]], "it is dead"
    assert "hunter2" not in json.dumps(told)


def test_of_very_many_the_table_alone() -> None:
    app = Application([(f"/{n}", Item) for n in range(dashboard._MOST_CHECKED + 1)])
    told = json.loads(dashboard.routes([app], ""))
    assert told["checked"] is False
    assert len(told["routes"]) == dashboard._MOST_CHECKED + 1


def test_where_a_url_goes_in_each_application() -> None:
    apps = [Application([("/a", Item)]), Application([("/b", Item)])]
    found = dashboard.match(apps, "/b", "")
    text = "".join(span for line in found["lines"] for span, _ in line)
    assert text.startswith("Application 0:GET /b -> 404")
    assert "Application 1:GET /b -> " in text
    assert dashboard.match(apps, "", "")["error"] == "the URL is empty"
    assert "no HTTP method" in dashboard.match(apps, "/", "GE T")["error"]
