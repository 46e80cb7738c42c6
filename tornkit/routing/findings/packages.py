"""Routes whose rules an installed package wrote, so that their user can't mend them."""

from __future__ import annotations

from tornkit.routing.model import Origin, Route, RouteTable


def is_packages(route: Route, table: RouteTable) -> bool:
    """Whether an installed package wrote the rule, so that the user can't mend it.

    Tornado's handlers (a ``StaticFileHandler``) say nothing of who wrote the rule around them;
    most likely the user, since Tornado's few own rules are known. Where no file of the user's is
    loaded, the application itself is installed, and it is what was asked about.
    """
    if route.origin is not Origin.PACKAGE or not table.places.python:
        return False
    declared = route.declared is not None and route.declared.file in table.places.python
    return not declared and not route.target.name.startswith("tornado.")
