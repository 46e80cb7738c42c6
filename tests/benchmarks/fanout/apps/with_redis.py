"""A program beside a Redis of its own: ``with_redis.py PORT COMMAND...``.

Redis keeps nothing on a disk. The program finds it by REDIS_URL; both end together.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType


def main(port: int, command: list[str]) -> int:
    """Run both until the program ends; its status."""
    redis = subprocess.Popen(
        ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, redis)
        program = subprocess.Popen(
            command, env=os.environ | {"REDIS_URL": f"redis://127.0.0.1:{port}"}
        )

        def end(number: int, frame: FrameType | None) -> None:
            program.send_signal(number)

        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, end)
        return program.wait()
    finally:
        redis.kill()
        redis.wait()


def _wait_for(port: int, redis: "subprocess.Popen[bytes]") -> None:
    for _ in range(500):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            if redis.poll() is not None:
                sys.exit("redis-server has ended")
            time.sleep(0.02)
        else:
            return
    sys.exit("redis-server does not answer")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
