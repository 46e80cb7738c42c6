"""Languages of regexes, as machines that are made while they run.

Answers what no listing can: does some URL match this pattern and none of those; which is the
shortest. A language is a deterministic machine whose states are made when they are first reached
(`languages`), built from Python's own syntax tree (`translate`) over the letters that a request
can hold (`alphabet`), and searched breadth first within a budget (`search`).

What a finite machine can't say (a back-reference, an atomic group) is translated twice, as too
much and as too little, so that a proof stays a proof; see `translate.Bound`.
"""
