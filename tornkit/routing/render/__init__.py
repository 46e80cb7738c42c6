"""A `Report` as text or as a rich renderable. Nothing here prints.

- `tornkit.routing.render.rows`: a route as a row of short strings, and the lines below the table
- `tornkit.routing.render.plain`: for a pipe: aligned columns, one line a route, never cut
- `tornkit.routing.render.terminal`: for a terminal of some width; the only one that imports rich
- `tornkit.routing.render.structured`: for programs: JSON
"""
