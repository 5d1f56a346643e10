"""
Large messages, each in one write, by some sessions at once: the load costs next to nothing itself.

``python -m bench.loads.bulk PORT SESSIONS MESSAGES NAME SIZE``.
"""

import queue
import sys
import threading
import time

from bench.letters import letter
from bench.loads.client import Client, Refusal, tell


def main() -> None:
    """Send messages from a thread a session; tell the seconds, or what went wrong."""
    port, sessions, messages = map(int, sys.argv[1:4])
    octets = letter(sys.argv[4], int(sys.argv[5])).octets
    todo: queue.SimpleQueue[None] = queue.SimpleQueue()
    for _ in range(messages):
        todo.put(None)
    errors: list[str] = []

    def session() -> None:
        try:
            client = Client(port).greet()
            while True:
                try:
                    todo.get_nowait()
                except queue.Empty:
                    client.leave()
                    return
                client.mail(octets)
        except (OSError, Refusal) as error:
            errors.append(str(error))

    began = time.perf_counter()
    threads = [threading.Thread(target=session) for _ in range(sessions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        sys.exit(errors[0])
    tell(seconds=time.perf_counter() - began)


if __name__ == "__main__":
    main()
