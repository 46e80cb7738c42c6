"""Ways from an event loop to a broker.

link.py    the interface of all links
local.py   a broker in this process: without `tornkit serve`, one process is all there is
hub.py     a broker in a process of its own, by a socket
joining.py how a worker gets that socket
frames.py  the frames that are sent on it
posting.py messages that nobody waits for
remote.py  a broker elsewhere, by its URL; check.py asks whether it answers
redis/     a Redis, for several machines
nats/      a NATS server, for several machines
"""
