"""Decides which routes a request can reach: a witness where one can, else a proof.

A route is reached by a request that satisfies its conditions and no earlier step's that surely
takes it. Three things of a request matter: its host, whether a proxy has set ``X-Real-Ip`` (it
switches ``default_host`` off), and its path. The hosts fall into *worlds*: in one world, every
host rule answers the same to all hosts, so one of them stands for all. Within a world only paths
are left, and the question is one about languages: is there a path that the route's patterns match
and none of the earlier ones'.

    example URLs that the route itself suggests  ->  mostly one arrives, and that is that
    else, world by world: search the languages   ->  a shortest witness, sent through `match`
    none in any world                            ->  dead; then which routes are to blame

Proofs lean the safe way. What is before counts only where it *surely* takes the request, in the
strictest reading of its pattern; the route itself is read as widely as possible. A path may be
any that Tornado accepts, also what no browser sends. Only *unsendable* (TK202) asks for a URL
that a client would send.
"""

from tornkit.routing.reachability.fates import Fate, Verdict
from tornkit.routing.reachability.judging import verdict, verdicts
from tornkit.routing.reachability.overlaps import overlaps

__all__ = ["Fate", "Verdict", "overlaps", "verdict", "verdicts"]
