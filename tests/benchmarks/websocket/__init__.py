"""``python -m tests.benchmarks websocket``: messages a second, echoed by one server process.

command.py   options in; tables and JSON out
servers.py   who takes part
cases.py     which messages
run.py       in each round every server anew, and each case through all of them
load.py      the clients: a program of its own, on a core of its own
results.py   samples, and the figures made of them
report.py    how they look
apps/        the same echo for each framework
"""
