"""The harness of the comparisons: all of them that does not depend on what is measured.

benchmark.py    what a comparison says of itself: servers, cases, rounds, one measurement
options.py      options of the commands
command.py      a run from its options to its exit status
environment.py  the virtual environment that the servers run from; installing.py fills it
loop.py         rounds: each case through all servers in turn
stage.py        servers that run, and the folder in which they do
results.py      samples, outcomes, a whole run and its JSON
tables.py       tables of outcomes; footnotes.py has the lines below them
server.py       a server: command, packages; case.py: a case
"""
