"""Listening sockets: bound once by the supervisor, handed to workers; those that systemd passes."""
