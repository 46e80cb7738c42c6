"""Check that the installed Tornado routes as it did when the tables were written.

A table runs Tornado's loop over the rules in its own words. That is right as long as Tornado's is
the one that was read (`tornkit.engine.fidelity.texts`). A later Tornado that routes otherwise, and
a library that has put its own function in the place of one, are seen alike, and all is left to
them.
"""

from __future__ import annotations

from tornado.routing import ReversibleRuleRouter, RuleRouter

from tornkit.engine.fidelity import texts
from tornkit.engine.privates import ApplicationRouter, unquote_or_none


def unchanged() -> bool:
    """Whether all of Tornado's routing that a table stands in for is as it was read."""
    return (
        ApplicationRouter is not None
        and issubclass(ApplicationRouter, ReversibleRuleRouter)
        and unquote_or_none is not None
        and ReversibleRuleRouter.find_handler is RuleRouter.find_handler
        and ReversibleRuleRouter.get_target_delegate is RuleRouter.get_target_delegate
        and ApplicationRouter.find_handler is RuleRouter.find_handler
        and not texts.unknown(texts.ROUTING)
    )
