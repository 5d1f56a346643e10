"""
CPU microseconds of the small things on the way of a message, by pyperf.

`python bench/micro` measures every file of this folder, round by round. With --beside, another
checkout of gomail takes its turns within each round, so that what else the machine does meets both;
what that checkout lacks is left out. Each file is a script by itself, too, with pyperf's options.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pyperf

MICRO = Path(__file__).resolve().parent
HERE = MICRO.parent.parent
FILES = ("grammar", "content", "trace_fields", "log_lines", "names", "replies", "checks")


def measure(file: str, checkout: Path, results: Path, *options: str) -> bool:
    """Measure the cases of a *file* with the gomail of a *checkout*; tell whether it could be."""
    command = [sys.executable, str(MICRO / f"{file}.py"), "--processes=1", "--quiet", *options]
    command += [f"--append={results}", "--inherit-environ=PYTHONPATH"]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    done = subprocess.run(
        command, env=environment, cwd=checkout, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"{file} of {checkout}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
    return not done.returncode


def medians(results: Path) -> dict[str, float]:
    """Give the median of each case, in microseconds."""
    if not results.exists():
        return {}
    suite = pyperf.BenchmarkSuite.load(str(results))
    return {each.get_name(): each.median() * 1e6 for each in suite.get_benchmarks()}


def report(here: Path, there: Path) -> None:
    """Print the table of one file."""
    ours, theirs = medians(here), medians(there)
    print(
        f"\n{here.parent.name:<34}{'here':>10}" + (f"{'there':>10}   here/there" if theirs else "")
    )
    for name, cost in ours.items():
        beside = theirs.get(name)
        print(
            f"{name:<34}{cost:10.2f}"
            + (f"{beside:10.2f}   {cost / beside:10.2f}" if beside else "")
        )


def main() -> None:
    """Measure files round by round, each with each checkout, and print medians and ratios."""
    parser = argparse.ArgumentParser(prog="bench/micro", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--beside", type=Path, help="another checkout to be compared")
    parser.add_argument("--only", choices=FILES, action="append", help="one file, or several")
    parser.add_argument("--keep", type=Path, help="a folder for pyperf's JSON")
    options = parser.parse_args()
    checkouts = {"here": HERE} | ({"there": options.beside.resolve()} if options.beside else {})
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        for file in options.only or FILES:
            results = {name: folder / file / f"{name}.json" for name in checkouts}
            (folder / file).mkdir(parents=True, exist_ok=True)
            for _ in range(1 if options.quick else options.rounds):
                for name, checkout in checkouts.items():
                    measure(file, checkout, results[name])
            report(results["here"], folder / file / "there.json")


if __name__ == "__main__":
    main()
