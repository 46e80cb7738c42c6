"""``python -m tests.benchmarks bus``: messages between two workers, by the bus and by Redis.

command.py   options
servers.py   who takes part: the same handlers under `tornkit serve`, with the bus and with redis-py
cases.py     how many hear, and how fast is published
run.py       one measurement
workers.py   connections to each worker, by which it is told what to do
results.py   the figures made of readings
report.py    how they look
memory.py    another command: memory of subscriptions, and of what the hub keeps
unused.py    another command: what the bus costs a server that does not use it
apps/        the handlers (handlers.py), and both ways to publish and to hear
"""
