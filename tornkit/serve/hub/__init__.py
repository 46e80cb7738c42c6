"""The hub: a process that holds the broker of `tornkit.bus` for all workers.

It has no address. Each worker has one end of a pair of sockets, the lobby, from birth; the other
end is the supervisor's, which starts the hub when the first worker comes, and again if it dies.
`tornkit bus` comes by the supervisor, which hands its connection into the lobby, unread.

keeper.py   the supervisor's side
entry.py    the process
hub.py      members, and what they say
numbers.py  what `tornkit bus` shows: of members, and of messages that were not read in time
"""
