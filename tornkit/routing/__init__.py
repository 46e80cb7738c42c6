"""Analysis of an application's routes, for `tornkit routes`.

- `tornkit.routing.model`: the plain data that all of it is about: `RouteTable`, `Route`, `Finding`,
  `Report`
- `tornkit.routing.reading`: a live application in, that data out; the only part that knows Tornado
- `tornkit.regex.patterns`: what a regex says, and examples of what it matches
- `tornkit.routing.matching`: which route a request reaches, what answers, why not the others
- `tornkit.routing.reversing`: calls ``reverse_url`` and follows the URL back
- `tornkit.regex.automata`: regexes as languages that can be searched
- `tornkit.routing.reachability`: which routes no request can reach
- `tornkit.routing.handlers`: whether a handler can take what a route hands to it
- `tornkit.routing.references`: where code and templates call ``reverse_url``
- `tornkit.regex.backtracking`: patterns that can be made to run for ages
- `tornkit.routing.checks`: a table in, findings out; one module a family
- `tornkit.routing.findings`: codes, which of them are wanted, how some are mended
- `tornkit.routing.comparing`: how one table differs from another
- `tornkit.routing.openapi`: the table as an OpenAPI document
- `tornkit.routing.report`: the two ends tied together: applications in, report out
- `tornkit.routing.select`: filters and orders of the list
- `tornkit.routing.render`: a report in, text out; prints nothing
- `tornkit.routing.patience`: ends a computation that takes too long

After ``reading`` everything is pure: no Tornado import, no user code but ``reverse_url``.
"""
