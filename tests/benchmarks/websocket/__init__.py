"""``python -m tests.benchmarks websocket``: messages a second, echoed by one server process.

command.py   options
servers.py   who takes part
cases.py     which messages
run.py       one measurement
load.py      the clients: a program of its own, on a core of its own
results.py   the figures made of readings
report.py    how they look
apps/        the same echo for each framework
"""
