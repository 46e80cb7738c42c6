"""Patterns on which `re` can be made to run for ages.

    shape       most patterns are dismissed at a glance
    graph       the others become positions and the ways between them
    components, ambiguity    where ways multiply: exponentially, or by a power of the length
    attack      strings that should make `re` go all these ways: a suspicion
    trial       starts a process of its own for them, which may be killed
    stopwatch   runs in it, measures, and decides: its CPU time is the proof

Only what was measured is reported: theory says where to look. Nothing here knows of routes.
"""
