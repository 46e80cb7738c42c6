"""The compiled router: what Tornado's would find, without asking each rule.

- `tornkit.engine.routers.compiled`: a router in, a function in place of its ``find_handler`` out
- `tornkit.engine.routers.table`: one router's rules, and when they have changed
- `tornkit.engine.routers.index`: which rules may match a path
- `tornkit.engine.routers.segments`: the words that a regex requires between slashes
- `tornkit.engine.routers.edits`: sees that a rule has been given another matcher
- `tornkit.engine.routers.direct`: a match whose handler can be made without a delegate
- `tornkit.engine.routers.original`: whether Tornado's routing is the one that this stands in for

An index only *leaves out* rules that can't match. Those that are left are asked in their order, by
Tornado's own matchers; so what is found, with which arguments, what is raised, and what else the
matchers and routers of an application do on the way, is as it is in Tornado.
"""

from tornkit.engine.routers.compiled import Compiled

__all__ = ["Compiled"]
