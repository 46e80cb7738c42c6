"""Event streams to browsers, on sockets that the supervisor holds, not a worker.

So a stream outlives every reload, and none keeps a worker from ending. A worker answers the request
(`tornkit.devtools.site`) and hands the socket up; here events are written to it, and no HTTP is
spoken.
"""
