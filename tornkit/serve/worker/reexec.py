"""Executes a fresh interpreter in the place of a worker that can't go on with its warm modules.

A program had changed what an extension module reads, a variable say, before it imported it; and
the zygote had imported that before, which can't be done twice in a process. The program has not
begun to serve. So it is started once more, without anything warm, as the same process: its parent
and the supervisor notice nothing but the time that it takes.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from json import dumps

from tornkit.serve.wire.encoding import encode
from tornkit.serve.wire.messages import Boot, Prepare
from tornkit.serve.wire.processes import command
from tornkit.serve.worker.signals import NUMBERS


def begin(
    channel: int,
    prepare: Prepare,
    boot: Boot,
    descriptors: Sequence[int],
    environment: Mapping[str, str],
) -> None:
    """Execute a Python in the place of this process. Does not return.

    ``descriptors`` are those that came with the `Boot`.

    :raises OSError:
    """
    messages = [encode(each).decode() for each in (prepare, boot)]
    told = {"channel": channel, "messages": messages, "descriptors": list(descriptors)}
    reading, writing = os.pipe()
    os.set_blocking(writing, False)  # a pipe holds 64 KiB
    data = dumps(told).encode()
    written = os.write(writing, data)
    os.close(writing)
    if written < len(data):  # the reader would wait for the rest, or read half a document
        os.close(reading)
        raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
    for descriptor in (reading, channel, *descriptors):
        os.set_inheritable(descriptor, True)
    # As `start_interpreter` does: until it has had its say about signals.
    signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)
    words = command("reexecuted", reading)
    os.execve(sys.executable, words, dict(environment))  # noqa: S606 - this very interpreter
