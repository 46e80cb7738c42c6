"""What `tornkit routes` knows about an application's routes.

- `tornkit.routing.extract`: reads a live application into plain data; the only reader of
  Tornado's router internals
- `tornkit.routing.targets`: reads handler classes for it; `tornkit.routing.signatures` what their
  methods take
- `tornkit.routing.masking`: values on one short line, without secrets
- `tornkit.routing.places`: the user's own files and template folders
- `tornkit.routing.declared`: the line on which a rule is written
- `tornkit.routing.source`: where a class or function is defined
- `tornkit.routing.model`: that plain data: `RouteTable`, `Route`, `Finding`, `Report`
- `tornkit.routing.match`: which route a request reaches
- `tornkit.routing.sample`: example strings that a regex matches
- `tornkit.routing.reverse`: calls ``reverse_url`` and follows the URL back
- `tornkit.routing.explain`: what becomes of a request, with `tornkit.routing.asked` (as typed),
  `tornkit.routing.answers` (the answer it is headed for) and `tornkit.routing.nearness` (why a
  route was passed over)
- `tornkit.routing.named`: one name reversed with chosen arguments
- `tornkit.routing.checks`: a table in, findings out
- `tornkit.routing.report`: the two ends of this tied together: applications in, report out
- `tornkit.routing.render`: a report in, text out; prints nothing

After ``extract`` and ``targets`` everything is pure: no Tornado import, and no user code but
``reverse_url``.
"""
