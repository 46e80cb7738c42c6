"""``python -m tests.benchmarks fanout``: one room's messages to many WebSockets, by CPU time.

command.py    options
servers.py    who takes part, all with one worker and what their messages go through
cases.py      how many messages at once
run.py        one measurement
audience.py   the clients, in the benchmark's own process, on a core of their own
results.py    the figures made of readings
report.py     how they look
apps/         the same room for each framework; with_redis.py runs one beside a Redis of its own
"""
