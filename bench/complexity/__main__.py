"""
How work grows: ``.venv/bin/python -m bench.complexity [family …]``.

Each family's work for n and for 2n, counted and timed. Twice as much is linear, four times as much
quadratic; what is counted is the same each time, and tested; the time is the processor's, the best
of some, and means something on a machine that does nothing else.
"""

import sys
import time

from bench.complexity.families import FAMILIES, Family
from bench.complexity.work import Counter

ROUNDS = 5


def seconds(family: Family, size: int) -> float:
    """Time one size: the least of some rounds."""
    times = []
    for _ in range(ROUNDS):
        work = family(size)
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def main(names: list[str]) -> None:
    """Print a line for each family whose name has one of *names* in it."""
    print(
        "| family | n | work(2n) / work(n) | ms for n | time(2n) / time(n) |\n|---|---|---|---|---|"
    )
    for name, (family, size) in FAMILIES.items():
        if not names or any(wanted in name for wanted in names):
            counter = Counter()
            counter.count(family(size))  # what is done once, and kept
            once, twice = (counter.count(family(each)).total for each in (size, 2 * size))
            time_once, time_twice = (seconds(family, each) for each in (size, 2 * size))
            print(
                f"| {name} | {size:,} | {twice / once:.2f} | {time_once * 1000:.2f} "
                f"| {time_twice / time_once:.2f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
