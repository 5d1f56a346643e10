"""
Sessions that say EHLO and then nothing, until standard input is closed.

``python -m bench.loads.idle PORT COUNT [tls]``. Told are how many were opened, and the seconds that
it took; a few may fail before it is given up.
"""

import sys
import time

from bench.loads.client import Client, Refusal, raise_descriptors, tell

_MOST_FAILED = 3


def main() -> None:
    """Open sessions, tell, and hold them."""
    raise_descriptors()
    port, count = int(sys.argv[1]), int(sys.argv[2])
    encrypted = sys.argv[3:] == ["tls"]
    held: list[Client] = []
    errors: list[str] = []
    began = time.perf_counter()
    while len(held) < count and len(errors) < _MOST_FAILED:
        try:
            client = Client(port).greet()
            held.append(client.encrypt() if encrypted else client)
        except (OSError, Refusal) as error:
            errors.append(str(error))
    tell(opened=len(held), seconds=time.perf_counter() - began, errors=errors)
    sys.stdin.read()


if __name__ == "__main__":
    main()
