"""Random stories of calls on requests in every state, told to tornkit's server and to Tornado's.

    python -m tests.engine.stories --count 100000 --loop uvloop

A story is some requests on one or two connections, and calls of the methods of their connection
object, stream and handler: before the response, while it is written, after it, after the next
request on the same connection has begun, after a detach, after the end. Everything that can be
seen of it is compared: each byte on each connection at each step, what each call returned or
raised, and what the handlers were told. Tornado's server is the judge.

    story.py        what happens, step by step, as plain data
    calls.py        everything public that can be called, by name
    generate.py     story number n of a seed
    apps.py         handlers that make the calls, and note what they are told
    player.py       plays stories to one server, with or without the speedups
    outcome.py      what came of a story
    rules.py        where the engine is stricter than Tornado: Tornado's server with these rules
    judge.py        plays to both and compares; shrinks what differs
"""
