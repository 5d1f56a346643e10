"""
docs/smuggling.md, and the JSON that it is made of: ``python -m tests.smuggling.page``.

Asks those of the servers that are on this machine (--help tells which can be unpacked), prints what
each does, and with --docs writes the page anew; the others' part stays as it was. Needs root.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from tests.interop.receivers import Receiver, ReceivingExim, ReceivingGomail, ReceivingPostfix
from tests.interop.unpacked import Chasquid, OpenSMTPD
from tests.smuggling.sequences import SEQUENCES, SMUGGLERS, TRUE_ENDS, Sequence
from tests.smuggling.survey import ENDED, IN_PIECES, ONE, TWO, survey

DOCS = Path(__file__).parents[2] / "docs"
PAGE, MEASURED = DOCS / "smuggling.md", DOCS / "smuggling.json"

_PART = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

Measured = Mapping[str, Any]


def ask(start: Callable[[Path], Receiver]) -> dict[str, Any]:
    """Ask a server in both ways; keep what is not one message."""
    with tempfile.TemporaryDirectory(prefix="gomail-") as folder:
        Path(folder).chmod(0o755)
        server = start(Path(folder))
        try:
            ways = {
                "at once": survey(server, SEQUENCES),
                "in pieces": survey(server, SEQUENCES, IN_PIECES),
            }
        finally:
            server.stop()
    seen = {
        way: {name: each for name, each in outcomes.items() if each != ONE}
        for way, outcomes in ways.items()
    }
    date = datetime.now(UTC).date().isoformat()
    return {"name": server.name, "version": server.version, "date": date, **seen}


def count(outcomes: Mapping[str, str], of: Iterable[Sequence], *kinds: str) -> int:
    """Count the sequences of which one of some kinds came."""
    return sum(1 for each in of if outcomes.get(each.name, ONE) in kinds)


def summary(measured: Iterable[Measured]) -> str:
    """Write a line for each server."""
    rows = [
        [
            f"{each['name']} {each['version']}",
            str(count(each["in pieces"], SMUGGLERS, TWO, ENDED)),
            str(count(each["at once"], SMUGGLERS, TWO)),
            str(count(each["in pieces"], SMUGGLERS, TWO)),
            f"{count(each['in pieces'], TRUE_ENDS, TWO, ENDED)} of {len(TRUE_ENDS)}",
            each["date"],
        ]
        for each in measured
    ]
    heads = ["server", "ended by", "second message, at once", "second message, in pieces"]
    return table([*heads, "ended by CRLF.CRLF", "measured"], rows)


def details(measured: Iterable[Measured]) -> str:
    """Write a table for each server of which there is something to tell."""
    parts = []
    for each in measured:
        rows = _rows([it for it in SMUGGLERS if each["in pieces"].get(it.name) in (TWO, ENDED)])
        if rows:
            heads = ["before", "dot", "behind"]
            parts.append(f"### {each['name']} {each['version']}\n\n{table(heads, rows)}")
    return "\n\n".join(parts)


def _rows(found: Iterable[Sequence]) -> list[list[str]]:
    """Gather sequences that have the same behind them, and those that have the same before."""
    behind = {
        place: ", ".join(each.behind for each in some)
        for place, some in groupby(found, lambda each: (each.before, each.dot))
    }
    rows: dict[tuple[str, str], list[str]] = {}
    for (before, dot), names in behind.items():
        rows.setdefault((dot, names), []).append(before)
    return [[", ".join(before), dot, names] for (dot, names), before in rows.items()]


def page(text: str, measured: Mapping[str, Measured]) -> str:
    """Fill the page's tables in."""
    parts = {"summary": summary(measured.values()), "details": details(measured.values())}
    return _PART.sub(lambda found: f"{found[1]}\n{parts[found[2]]}\n\n{found[3]}", text)


def table(heads: list[str], rows: Iterable[list[str]]) -> str:
    """Write a table in Markdown."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Ask, and tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.smuggling.page", description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write docs/smuggling.md anew")
    for name in ("opensmtpd", "chasquid"):
        what = f"a folder NAME_VERSION with Debian's package of {name}, unpacked by dpkg-deb -x"
        parser.add_argument(f"--{name}", type=Path, help=what)
    options = parser.parse_args()
    starts: list[Callable[[Path], Receiver]] = [ReceivingGomail, ReceivingPostfix, ReceivingExim]
    if options.opensmtpd:
        starts.append(lambda folder: OpenSMTPD(folder, options.opensmtpd))
    if options.chasquid:
        starts.append(lambda folder: Chasquid(folder, options.chasquid))
    measured = json.loads(MEASURED.read_text()) if MEASURED.exists() else {}
    for start in starts:
        try:
            asked = ask(start)
        except pytest.skip.Exception as missing:
            sys.stderr.write(f"left out: {missing}\n")
            continue
        sys.stdout.write(f"{summary([asked])}\n\n{details([asked])}\n")
        measured[asked["name"]] = asked
    if options.docs:
        MEASURED.write_text(json.dumps(measured, indent=1) + "\n")
        PAGE.write_text(page(PAGE.read_text(), measured))


if __name__ == "__main__":
    main()
