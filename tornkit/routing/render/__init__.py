"""A `Report` as text or as a rich renderable. Nothing here prints.

What a route is, in words:

- `tornkit.routing.render.words`: its host, pattern, handler, arguments, place
- `tornkit.routing.render.rows`: a row of short strings, the columns and the marks
- `tornkit.routing.render.below`: the lines below a table

Formats:

- `tornkit.routing.render.plain`: for a pipe: aligned columns, one line a route, never cut
- `tornkit.routing.render.layout`: the table for a terminal of some width, as lines of spans
- `tornkit.routing.render.tree`: the routes below their routers, as lines of spans
- `tornkit.routing.render.spans`: lines of styled text, measured and folded
- `tornkit.routing.render.terminal`: such lines for rich; the only one that imports it
- `tornkit.routing.render.markdown`: for GitHub
- `tornkit.routing.render.commas`: CSV
- `tornkit.routing.render.table_json`: JSON, described by ``schema.json``
- `tornkit.routing.render.findings`, ``github``, ``sarif``: what ``--check`` found
- `tornkit.routing.render.explained`, ``explained_json``, ``reversed``: a URL, a name
- `tornkit.routing.render.differences`: two tables beside each other
"""
