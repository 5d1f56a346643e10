"""
Run faults for as long as it takes: ``python -m tests.faults CAMPAIGN [options]``.

The tests beside it are short; these are the runs whose numbers docs/reliability.md tells. What they
see goes to standard output as they go. The exit code is 1 if a promise was broken, and 2 if the
campaign cannot run here.
"""

import argparse
import shlex
import signal
import sys
from collections.abc import Mapping, Sequence

from bench.measuring import ROOT, machine
from tests.faults.campaign import Campaign, say
from tests.faults.campaigns import CAMPAIGNS


def main(
    arguments: Sequence[str] | None = None, campaigns: Mapping[str, Campaign] = CAMPAIGNS
) -> int:
    """Run the campaign that is named; give the exit code."""
    options = _parser(campaigns).parse_args(arguments)
    campaign = campaigns[options.campaign]
    if missing := campaign.missing():
        sys.stderr.write(f"{campaign.name}: {missing}\n")
        return 2
    for name, value in machine(ROOT).items():
        say(f"{name}: {value}")
    say(f"command: python -m tests.faults {shlex.join(arguments or sys.argv[1:])}")
    held = campaign.run(options)
    say(f"{campaign.name}: {'held' if held else 'NOT HELD'}")
    return int(not held)


def _end(number: int, _frame: object) -> None:
    """End as by Ctrl-C, with the processes that the campaign has started."""
    raise SystemExit(128 + number)


def _parser(campaigns: Mapping[str, Campaign]) -> argparse.ArgumentParser:
    """Make the reader of the command line, with a part for each campaign."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parts = parser.add_subparsers(dest="campaign", required=True, metavar="campaign")
    for each in campaigns.values():
        each.options(parts.add_parser(each.name, help=each.purpose, description=each.purpose))
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _end)
    sys.exit(main())
