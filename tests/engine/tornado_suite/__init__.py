"""Tornado's own tests, run with another class in place of ``tornado.httpserver.HTTPServer``.

``python -m tests.engine.tornado_suite --server module:Class --loop asyncio --loop uvloop``

Each loop has a Python of its own (child.py), because an event loop policy, a replaced class and a
crash all concern the whole process. What comes back is counts and failures, as text or JSON.

    __main__.py    options in; text or JSON out
    processes.py   one child a loop: started, timed, read; a crash is an answer as well
    child.py       inside: loop policy, replaced class, the tests, a JSON document on stdout
    substitute.py  how the other class gets into every place that names Tornado's
    responses.py   what was answered to each test's requests
    recording.py   what became of each test
    outcome.py     the answer of one run; plain data
    exceptions.py  tests that may fail, each with its reason
"""
