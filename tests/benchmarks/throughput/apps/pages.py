"""The template in Jinja2."""

from content import ITEMS
from jinja2 import Environment, FileSystemLoader

# Compiled once, as Tornado does with its own where debug is off.
_page = Environment(
    loader=FileSystemLoader("templates"),
    autoescape=True,
    auto_reload=False,
    keep_trailing_newline=True,
).get_template("jinja.html")


def page(user):
    return _page.render(title="Items", user=user, items=ITEMS)
