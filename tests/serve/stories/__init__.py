"""Random stories of messages between a real supervisor and real workers, in one process.

    python -m tests.serve.stories --count 100000 --loop uvloop

A story is a number: it decides what the program does, what befalls it, and how late each message
arrives. What is real: `Supervisor` and all below it, `Listeners`, `Worker` and `Listening`, the
workers' event loop, listening sockets and connections. What is not: processes, and the channels
(`lines`), which deliver each side's messages in order and at any time.

Each story ends in calm: nothing more befalls it, and everything is delivered. Then every living
worker accepts on every address that it has claimed and nobody else has the address; no connection
is lost but those of a worker that was killed; or the person was told why not. Nothing may rest on
a timeout.
"""
