"""The hub: a process that holds the broker of `tornkit.bus` for all workers.

It has no address. Each worker has one end of a pair of sockets, the lobby, from birth; the other
end is the supervisor's, which starts the hub when the first worker comes, and again if it dies.

keeper.py   the supervisor's side
entry.py    the process
hub.py      members, and what they say
"""
