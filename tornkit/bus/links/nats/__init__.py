"""A NATS server with JetStream as the broker, for several machines; needs nats-py.

link.py         what a loop sees of it
address.py      what a URL says
subjects.py     names of channels and keys as NATS's subjects
client.py       nats-py's client, with messages in the order of the connection
connection.py   the connection that comes back by itself, and requests with answers
wire.py         headers of messages, and answers of JetStream
stream.py       the stream that keeps all messages: its epoch, its limits
watches.py      what is heard of each channel, and where something is missing
checkpoint.py   where the stream is, heard in the order of its messages
reading.py      what came behind a position, and whether something of it is gone
presence.py     those who are there, for whom this loop speaks
keeper.py       links that have died, and their end in the presence
store.py        keys with values

Each message is stored once, in one stream, which gives it its offset. The stream says each of them
again (``republish``) on a subject of its channel, where links listen that have watched it; so no
link hears of channels that nobody of its own listens to. The name of the stream has the epoch: one
that is made anew has another.
"""
