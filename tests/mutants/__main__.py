"""
Put small mistakes into gomail, and see whether its tests mind: ``make mutants``.

Each mutant is judged by the tests of its module (`tests/mutants/modules.py`), in a copy of the
checkout, within a time and 4 GiB of memory. What survives is told, unless it is explained in
`tests/mutants/explained.toml`. The exit code is 1 if anything has survived without.
"""

import argparse
import json
import shutil
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.measuring import machine
from tests.mutants.explained import explanations
from tests.mutants.making import make_mutants
from tests.mutants.modules import MODULES, ROOT
from tests.mutants.trial import Court, Trouble, judged

RESULTS = ROOT / ".mutants"
VERDICTS = ("killed", "timed out", "explained", "survived")


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the mutants of the modules that are named; give the exit code."""
    options = _parser().parse_args(arguments)
    modules = [name for name in MODULES if not options.modules or name in options.modules]
    for name, value in machine(ROOT).items():
        say(f"{name}: {value}")
    RESULTS.mkdir(exist_ok=True)
    totals: Counter[str] = Counter()
    scratch = Path(tempfile.mkdtemp(prefix="mutants-"))
    courts = [Court(scratch / str(number)) for number in range(options.hands)]
    try:
        for module in modules:
            counts = try_module(courts, module, again=options.again)
            say(f"{module}: {_row(counts)}")
            totals += counts
    except Trouble as trouble:
        say(str(trouble))
        return 2
    finally:
        for court in courts:
            court.close()
        shutil.rmtree(scratch, ignore_errors=True)
    say(f"all: {_row(totals)}")
    return int(totals["survived"] > 0)


def try_module(courts: Sequence[Court], module: str, *, again: bool) -> Counter[str]:
    """Judge the mutants of one module, tell of those that survive, and count the verdicts."""
    mutants = make_mutants((ROOT / module).read_text())
    results = RESULTS / f"{module.replace('/', '.')}.json"
    before: dict[str, str] = json.loads(results.read_text()) if again and results.exists() else {}
    killed = {key: name for key, name in before.items() if name == "killed"}
    verdicts = {mutant.key: killed.get(mutant.key, "") for mutant in mutants}
    excused = {
        (each.was, becomes)
        for each in explanations()
        if each.module == module
        for becomes in each.becomes
    }
    for mutant, verdict in judged(
        courts, module, [each for each in mutants if not verdicts[each.key]]
    ):
        name = verdict.name
        if name == "survived" and (mutant.was, mutant.becomes) in excused:
            name = "explained"
        elif name != "killed":
            say(f"{module}:{mutant.line}: {name}\n  - {mutant.was}\n  + {mutant.becomes}")
        verdicts[mutant.key] = name
        results.write_text(json.dumps(verdicts, indent=1, ensure_ascii=False))
    return Counter(verdicts[mutant.key] for mutant in mutants)


def say(line: str) -> None:
    """Tell whoever watches, at once: it takes long."""
    print(line, flush=True)


def _row(counts: Counter[str]) -> str:
    """Say how many there were of each verdict."""
    parts = [f"{counts[name]} {name}" for name in VERDICTS]
    return f"{counts.total()} mutants: {', '.join(parts)}"


def _parser() -> argparse.ArgumentParser:
    """Make the reader of the command line."""
    parser = argparse.ArgumentParser(
        prog="make mutants",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("modules", nargs="*", metavar="module", help="a file; all of them")
    parser.add_argument(
        "--again",
        action="store_true",
        help="only those that were not killed the last time; the others count as they did then",
    )
    parser.add_argument("--hands", type=int, default=1, help="how many are tried at once; 1")
    return parser


def _end(number: int, _frame: object) -> None:
    """End as by Ctrl-C, with the processes that were started."""
    raise SystemExit(128 + number)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
