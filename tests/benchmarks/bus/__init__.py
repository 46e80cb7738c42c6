"""``python -m tests.benchmarks bus``: messages between two workers, by the bus and by Redis.

command.py   options
servers.py   who takes part: the same handlers under `tornkit serve`, with the bus and with redis-py
cases.py     how many hear, and how fast is published
run.py       one measurement
workers.py   connections to each worker, by which it is told what to do
results.py   the figures made of readings
report.py    how they look
apps/        the handlers (handlers.py), and both ways to publish and to hear
"""
