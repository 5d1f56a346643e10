"""
One client who is a burden to the others, until SIGTERM.

``python -m bench.loads.flood PORT large SIZE`` sends large messages without a pause, ``… noops`` an
endless pipeline of NOOPs, whose replies it reads. Told is how many of them were answered.
"""

import signal
import socket
import sys
import threading
from contextlib import suppress

from bench.letters import Letter, letter
from bench.loads.client import Client, Refusal, tell

_NOOPS = b"NOOP\r\n" * 1000


def burden(size: int) -> Letter:
    """Give what the client of large messages sends."""
    return letter("burden", size)


def send_large(client: Client, stopped: list[int], size: int) -> int:
    """Send large messages; give how many were acknowledged."""
    octets = burden(size).octets
    done = 0
    while not stopped:
        client.mail(octets)
        done += 1
    return done


def send_noops(client: Client, stopped: list[int]) -> int:
    """Send NOOPs while a thread reads the replies; give how many came."""
    replies = 0

    def read() -> None:
        nonlocal replies
        with suppress(OSError):
            while octets := client.socket.recv(65536):
                replies += octets.count(b"\n")

    reader = threading.Thread(target=read)
    reader.start()
    with suppress(OSError):
        while not stopped:
            client.socket.sendall(_NOOPS)
    client.socket.shutdown(socket.SHUT_WR)
    reader.join()
    return replies


def main() -> None:
    """Be a burden, and tell how much of one."""
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    client = Client(int(sys.argv[1])).greet()
    tell(ready=True)
    try:
        if sys.argv[2] == "large":
            done = send_large(client, stopped, int(sys.argv[3]))
        else:
            done = send_noops(client, stopped)
    except Refusal as refusal:
        sys.exit(str(refusal))
    tell(done=done)


if __name__ == "__main__":
    main()
