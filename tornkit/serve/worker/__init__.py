"""A worker process: loads the user's code, listens, serves, drains and ends."""
