"""Pages for whoever develops: an error with its source, and the routes that a URL was near.

They are sent in the place of Tornado's own error pages, by `tornkit serve` while it reloads, to a
client of this machine alone (`access`). Tornado's own code answers everybody else, and handlers
that have a ``write_error`` of their own answer as they do.
"""
