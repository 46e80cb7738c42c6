"""Browsers that hear what the server does: their streams end in the supervisor, not in a worker.

So one outlives every reload, and none keeps a worker from ending. A worker answers the request
(`tornkit.devtools.site`) and hands the socket up; here events are written to it, and no HTTP is
spoken.
"""
