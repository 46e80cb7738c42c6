"""Bytes between a socket and a connection: which sockets are ready, what is unread or unsent."""
