"""The same hostile bytes to two servers, and everything in which their answers differ.

    python -m tests.engine.differential --server module:Class --count 1000000 --jobs 2

Without ``--server`` Tornado's own is held against itself: anything that differs then is a fault of
this harness. What a request means is judged nowhere here; Tornado's server is the judge.

    case.py         one connection's bytes, and how they are cut into pieces
    corpus/         valid requests, invalid ones, published attacks
    mutate.py       random changes to them
    generate.py     case number n, the same in every process
    profiles.py     applications and server options; a case names one
    apps.py         applications that answer with what they saw
    resting.py      loops that run until nothing is left to do
    clients.py      sockets that are written and read between two rests
    player.py       plays a batch of cases to one server
    outcome.py      what came of a case
    leaks.py        what is left over afterwards
    child.py        a process with one player; process.py is its other side, messages.py between
    pair.py         two of them, reference and candidate
    replies.py      responses out of bytes
    compare.py      in what two outcomes differ, and how bad that is
    shrink.py       the smallest input that still shows it
    findings.py     differences in groups; explanations.py, those that are as they should be
    run.py          a whole run, several jobs at a time
    report.py       in words and as JSON
"""
