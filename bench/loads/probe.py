"""
How long a message takes: one a connection, a pause, the next; until SIGTERM, or a number of them.

``python -m bench.loads.probe PORT PAUSE [COUNT]``. Told are the milliseconds from before the
connection to the 250 behind the content, and from the final dot to it.
"""

import signal
import sys
import time

from bench.letters import Letter, letter
from bench.loads.client import Client, Refusal, tell

NAME = "probe"
SIZE = 1000


def probe_letter() -> Letter:
    """Give what probes send."""
    return letter(NAME, SIZE)


def main() -> None:
    """Send messages, and tell what they took."""
    port, pause = int(sys.argv[1]), float(sys.argv[2])
    count = int(sys.argv[3]) if len(sys.argv) > 3 else sys.maxsize
    octets = probe_letter().octets
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    tell(ready=True)
    whole: list[float] = []
    dot: list[float] = []
    errors: list[str] = []
    while not stopped and len(whole) + len(errors) < count:
        began = time.perf_counter()
        try:
            client = Client(port).greet()
            client.begin()
            client.socket.sendall(octets[:-3])
            dotted = time.perf_counter()
            client.say(octets[-3:])
            ended = time.perf_counter()
            whole.append((ended - began) * 1000)
            dot.append((ended - dotted) * 1000)
            client.leave()
        except (OSError, Refusal) as error:
            errors.append(str(error))
            time.sleep(0.05)
        time.sleep(pause)
    tell(whole=whole, dot=dot, errors=errors[:5], failed=len(errors))


if __name__ == "__main__":
    main()
