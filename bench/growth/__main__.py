"""
Measure how cost grows: ``python -m bench.growth [curve …] [--quick] [--json FILE]``.

Tables go to standard output as each curve is done; the exit code is 1 if one grows faster than
linear, or takes a bound.
"""

import argparse
import fcntl
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.growth.curve import Curve, Measured
from bench.growth.document import write
from bench.growth.report import as_json, told
from bench.growth.table import CURVES
from bench.measuring import ROOT, machine


def main() -> None:
    """Measure, and tell."""
    options = _options()
    here = machine(options.scratch)
    all_measured = []
    for name in options.curves or CURVES:
        measured = Measured(CURVES[name])
        for _ in range(1 if options.quick else options.rounds):
            with _turn(options.lock):
                _round(measured, options.scratch, quick=options.quick)
        print(told(measured), flush=True)
        all_measured.append(measured)
        if options.json:
            curves = as_json(all_measured, dict.fromkeys(CURVES, here))
            options.json.write_text(json.dumps(curves, indent=1) + "\n")
        if options.pictures:
            from bench.growth.pictures import draw  # noqa: PLC0415 -- the tables need no matplotlib

            options.pictures.mkdir(parents=True, exist_ok=True)
            draw(measured, options.pictures / f"growth-{name}.svg")
    if options.docs:
        write(all_measured, here, ROOT / "docs")
    hold = all(holds for each in all_measured for _, holds in each.verdicts())
    sys.exit(0 if hold else 1)


def _round(measured: Measured, scratch: Path, *, quick: bool) -> None:
    """Measure a curve once, at each count."""
    curve: Curve = measured.curve
    for count, values in curve.measure(scratch, curve.quick() if quick else curve.counts):
        measured.add(count, values)
        shown = ", ".join(f"{key} {value:.4g}" for key, value in values.items())
        print(f"{curve.name} {count}: {shown}", file=sys.stderr, flush=True)


@contextmanager
def _turn(lock: Path | None) -> Iterator[None]:
    """Hold the lock, if there is one, for a round."""
    if lock is None:
        yield
        return
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("curves", nargs="*", choices=[[], *CURVES], metavar="curve")
    parser.add_argument("--quick", action="store_true", help="one round, and no large counts")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write all values there")
    parser.add_argument("--pictures", type=Path, help="draw into that folder")
    parser.add_argument("--docs", action="store_true", help="write docs/growth.md anew")
    parser.add_argument("--scratch", type=Path, default=Path(tempfile.gettempdir()) / "growth")
    parser.add_argument(
        "--lock", type=Path, help="held for each round, if others measure here, too"
    )
    return parser.parse_args()


if __name__ == "__main__":
    main()
