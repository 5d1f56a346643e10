"""
Fuzz gomail: ``make fuzz``, or ``make fuzz ARGS="sessions --seconds 3600"``.

Inputs that take new branches go to a scratch folder, and are begun with the next time. What fails
is told with the input as a Python literal, and how to have it once more.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.fuzz.corpus import CORPUS, keep, kept, minimised
from tests.fuzz.runs import Run, Running
from tests.fuzz.target import NAMES, find

ROOT = Path(__file__).parents[2]


def main(arguments: list[str]) -> int:
    """Do what the *arguments* say; give the exit status."""
    options = read(arguments)
    names = options.targets or NAMES
    if options.replay:
        return replay(names, options.replay)
    if options.minimise:
        for name in names:
            minimise(name, options.scratch / name)
        return 0
    running = Running(options.scratch, options.seconds, options.seed, options.inputs)
    failed = [run for run in map(running.fuzz, names) if not tell(run)]
    return 1 if failed else 0


def read(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="target", help=f"of {', '.join(NAMES)}; all")
    parser.add_argument("--seconds", type=int, default=60, help="for each target; 60")
    parser.add_argument("--seed", type=int, default=0, help="for the same inputs again; by chance")
    parser.add_argument("--inputs", type=int, default=-1, help="at most, for each; any number")
    parser.add_argument(
        "--scratch", type=Path, default=ROOT / ".fuzz", help="where new inputs are kept; .fuzz"
    )
    parser.add_argument(
        "--minimise",
        action="store_true",
        help="don't fuzz, but keep in the repository the fewest inputs that take all branches",
    )
    parser.add_argument("--replay", type=Path, nargs="+", help="don't fuzz, but check these files")
    options = parser.parse_args(arguments)
    strange = set(options.targets) - set(NAMES)
    if strange:
        parser.error(
            f"there is no target {', '.join(sorted(strange))}; there are {', '.join(NAMES)}"
        )
    return options


def replay(names: Sequence[str], paths: list[Path]) -> int:
    """Check files; the first that fails ends it with its traceback."""
    for name in names:
        for path in paths:
            octets = path.read_bytes()
            print(f"{name}: {octets!r}", flush=True)
            find(name).check(octets)
    return 0


def minimise(name: str, scratch: Path) -> None:
    """Choose anew which inputs the repository keeps, of its own and those in the scratch folder."""
    target = find(name)
    inputs = [*target.seeds, *kept(name), *(path.read_bytes() for path in scratch.glob("*"))]
    chosen = minimised(target, inputs)
    keep(chosen, CORPUS / name)
    print(f"{name}: {len(chosen)} of {len(inputs)} inputs, {sum(map(len, chosen))} octets")


def tell(run: Run) -> bool:
    """Tell what came of a run; and whether nothing was found."""
    if run.status == 0:
        print(
            f"{run.name}: {run.executions:,} inputs in {run.seconds:.0f} s "
            f"(busy for {run.busy:.0f}), "
            f"{run.branches:,} branches, {run.news} inputs are new",
            flush=True,
        )
        return True
    print(f"{run.name}: FAILED after {run.seconds:.0f} s (status {run.status})\n{run.said}")
    for path in run.findings:
        print(
            f'input: {path.read_bytes()!r}\nonce more: make fuzz ARGS="{run.name} --replay {path}"',
            flush=True,
        )
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
