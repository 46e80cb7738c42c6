"""A Redis as the broker, for workers of one machine or of many.

link.py       what a worker asks and hears: a `tornkit.bus.links.link.BrokerLink`
calls.py      the connection for calls: scripts, their answers, and who waits for them
hearing.py    the connection for what is heard: Redis's publish and subscribe
reading.py    what Redis keeps: what was missed, and the newest
wire.py       one connection of redis-py, with many commands on their way
address.py    where the Redis is: its URL, a sentinel's word, or another node of a cluster
scripts.py    loads `scripts/*.lua`, which Redis runs, each as a whole
"""
