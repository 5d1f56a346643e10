"""The command line of ``make bench``: what to measure, where, and what to write of it."""

import argparse
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench import report, resolver
from bench.loads import source
from bench.loads.client import raise_descriptors
from bench.measuring import ROOT, machine
from bench.peers.table import PEERS, present
from bench.results import Results
from bench.running import NAMES, OPTIONAL, TITLES, Plan, Run, peers_of
from bench.special.context import Context
from bench.workloads import WORKLOADS

DOCS = ROOT / "docs"
_DEBIAN = ("opendkim", "opendmarc", "postfix-policyd-spf-python", "unbound")
_PACKAGES = ("gomail", "twisted", "aiosmtpd", "pyopenssl")


def parser() -> argparse.ArgumentParser:
    """Say what can be asked for."""
    workloads = "\n".join(f"  {name:<12}{TITLES[name]}" for name in NAMES)
    peers = "\n".join(f"  {peer.name:<22}{peer.what}" for peer in PEERS.values())
    made = argparse.ArgumentParser(
        prog="make bench",
        description="gomail beside other servers on this machine; options go into ARGS.",
        epilog=f"workloads:\n{workloads}\n\nservers:\n{peers}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = made.add_argument
    add("--quick", action="store_true", help="one short round: to see that it works")
    add("--only", nargs="+", choices=NAMES, metavar="WORKLOAD", help="only these workloads")
    add("--peers", nargs="+", choices=list(PEERS), metavar="SERVER", help="only these servers")
    add("--held", action="store_true", help="also hold 15,000 sessions, and 8,000 under TLS")
    add("--strangers", action="store_true", help="gomail trusts nobody, 127.0.0.1 neither")
    add("--rounds", type=int, help="of each server under each workload [5]")
    add("--seconds", type=float, help="that a load is to take [2]")
    add("--scratch", type=Path, default=Path("/var/tmp/gomail-bench"), help="a folder on the disk")
    add("--json", type=Path, help="where all rounds are written")
    add("--docs", action="store_true", help="write docs/performance.md anew, with its pictures")
    add("--lock", type=Path, help="a file to lock for each server's turn")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and write; the exit status is 1 if a round does not count."""
    options = parser().parse_args(arguments)
    if options.quick and options.docs:
        parser().error("the figures of a short trial are not for the docs: --quick or --docs")
    raise_descriptors()
    signal.signal(signal.SIGTERM, _end)
    plan, left_out = plan_of(options)
    for name, why in left_out.items():
        print(f"left out: {name}: {why}", flush=True)
    for warning in warnings():
        print(f"note: {warning}", flush=True)
    results = Results(
        machine(_existing(options.scratch)),
        versions(),
        {"rounds": str(plan.rounds), "seconds": f"{plan.seconds:g}"}
        | ({"strangers": "yes"} if options.strangers else {}),
        left_out,
    )
    context = Context(options.scratch, quick=options.quick, strangers=options.strangers)
    run = Run(plan, context, results, lambda each: print(report.line(each), flush=True))
    try:
        run.all()
    finally:
        if options.json is not None:
            Results.write_all(options.json, [results])
    print(f"\n{report.whole(results)}")
    if options.docs:
        write_documents(results)
    return int(any(each.failed for each in results.rounds))


def _end(number: int, _frame: object) -> None:
    """End as by Ctrl-C, with the server that runs."""
    raise SystemExit(128 + number)


def plan_of(options: argparse.Namespace) -> tuple[Plan, dict[str, str]]:
    """Give what is to be measured, and what is left out and why."""
    workloads = list(options.only or [name for name in NAMES if name not in OPTIONAL])
    workloads += [name for name in OPTIONAL if options.held and name not in workloads]
    wanted = {peer for name in workloads for peer in peers_of(name)}
    wanted &= set(options.peers or PEERS)
    peers, left_out = present([name for name in PEERS if name in wanted])
    if source.find() is None:
        by_source = {name for name in workloads if name in WORKLOADS} - {
            "pipelined",
            "bulk",
            "crowd",
        }
        why = "smtp-source is not installed; try: sudo apt install postfix"
        by_source |= {"mailboxes", "checked"}
        left_out |= {name: why for name in workloads if name in by_source}
    if "checked" in workloads and (why_not := resolver.missing()):
        left_out.setdefault("checked", why_not)
    workloads = [name for name in workloads if name not in left_out]
    rounds = options.rounds or (1 if options.quick else 5)
    seconds = options.seconds or (0.3 if options.quick else 2.0)
    return Plan(workloads, peers, rounds, seconds, options.lock), left_out


def write_documents(results: Results) -> None:
    """Write docs/performance.md; what was not measured now stays as it was."""
    from bench import documents  # noqa: PLC0415 -- it needs matplotlib

    documents.write(results, DOCS)


def versions() -> dict[str, str]:
    """Give the versions of what takes part."""
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    postconf = shutil.which("postconf") or shutil.which("postconf", path="/usr/sbin")
    if postconf:
        command = [postconf, "-d", "-h", "mail_version"]
        told = subprocess.run(command, capture_output=True, text=True, check=False)
        found["Postfix"] = told.stdout.strip()
    return found | _packaged()


def _packaged() -> dict[str, str]:
    """Give the versions of what Debian's packages alone tell in one way."""
    query = shutil.which("dpkg-query")
    if query is None:
        return {}
    command = [query, "--show", "--showformat", "${Package} ${Version}\n", *_DEBIAN]
    told = subprocess.run(command, capture_output=True, text=True, check=False)  # 1: not all there
    pairs = [line.split() for line in told.stdout.splitlines()]
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def warnings() -> list[str]:
    """Say what of this machine would spoil figures."""
    found = []
    for name, least, why in (
        ("net/core/somaxconn", 1024, "new connections may wait a second for their SYN"),
        ("net/ipv4/tcp_tw_reuse", 1, "ports in TIME_WAIT may run out"),
    ):
        path = Path("/proc/sys") / name
        if path.exists() and int(path.read_text()) < least:
            found.append(f"{name.replace('/', '.')} is below {least}: {why}")
    return found


def _existing(path: Path) -> Path:
    """Give the folder, or the nearest above it that is there."""
    while not path.exists():
        path = path.parent
    return path


if __name__ == "__main__":
    sys.exit(main())
