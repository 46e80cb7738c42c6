"""HTTP clients for tests: one that blocks, one for coroutines, over one reader of responses.

``messages.py`` knows the bytes and no socket; ``blocking.py`` and ``asynchronous.py`` move them.
Clients of another kind are those of ``tests/engine/differential``, which play raw streams between
two rests of the loop, and those of ``tests/benchmarks``, which measure.
"""
