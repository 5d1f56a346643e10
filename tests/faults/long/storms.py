"""Campaign: calls of the disk and of sockets fail at random, at full speed, and then no more."""

import time
from contextlib import suppress
from pathlib import Path

from tests.faults.cheats import FILESYSTEM
from tests.faults.client import port_and_pid
from tests.faults.long.counted import Told
from tests.faults.long.kills import running
from tests.faults.long.ledger import Ledger, total
from tests.faults.long.senders import MAILBOXES, Sender, begin, end
from tests.faults.processes import children
from tests.faults.server import AGENT, FORGIVING, QUICK
from tests.faults.weather import LIBRARIES, Weather
from tests.system.running import until

SENDERS = 4
PERCENT = 3  # of all calls that may fail
SETTLE = 0.2  # seconds between two looks at the mailboxes
SIZES = (20, 500, 3000, 30_000)
LIBFIU = ("env", f"LD_PRELOAD={' '.join(LIBRARIES)}")
WAYS = {
    "thread": (),
    "thread, file systems": (FILESYSTEM,),
    "agent": (AGENT,),
    "agent, file systems": (AGENT, FILESYSTEM),
}


def missing() -> str:
    """Say what the storm below Python lacks, if anything."""
    lacking = [each for each in LIBRARIES if not Path(each).exists()]
    return f"there is no {lacking[0]}; Debian has it in fiu-utils" if lacking else ""


def open_files(pid: int) -> list[str]:
    """Give the files and folders that a server and its agent have open."""
    found = []
    for each in (pid, *children(pid)):
        for fd in Path(f"/proc/{each}/fd").iterdir():
            with suppress(OSError):  # it is closed by now
                found.append(str(fd.readlink()))
    return [path for path in found if any(f"/{mailbox}" in path for mailbox in MAILBOXES)]


def brave(root: Path, injected: int, *how: str, seed: int = 3) -> tuple[Ledger, str]:
    """
    Have so many calls of a server fail under load, and see that it is sound afterwards.

    Returns:
        The accounts, and what the storm was like, in words.
    """
    senders = [Sender(seed * 1000 + n, returning=True, sizes=SIZES) for n in range(SENDERS)]
    mail = root / "mail"
    mail.mkdir()
    ledger = Ledger(mail, senders)
    weather = Weather(root / "weather")
    with running(mail, QUICK, FORGIVING, weather.word, *how, before=LIBFIU) as server:
        port, pid = port_and_pid(server)
        begin(senders, port)
        weather.blow(PERCENT)
        began = time.monotonic()
        while sum(weather.injected()) < injected and not ledger.wrong:
            time.sleep(SETTLE)
            ledger.settle()
        weather.blow(0)
        seconds, calm = time.monotonic() - began, time.monotonic()
        until(
            lambda: ledger.wrong or all(sender.heard > calm for sender in senders),
            "nothing is accepted",
        )
        again = max(sender.heard for sender in senders) - calm
        end(senders)
        ledger.settle()
        until(lambda: not open_files(pid), f"still open: {open_files(pid)}")
        ours, its = weather.injected()
    staged = sum(len(list((mail / mailbox / "tmp").iterdir())) for mailbox in MAILBOXES)
    told = (
        f"{ours:,} errors by us and {its:,} by libfiu in {seconds:.0f} s, "
        f"{total(senders, 'deferred'):,} answers 4xx, {total(senders, 'cut_off'):,} cut off, "
        f"{staged:,} left in tmp/, accepting again after {again:.1f} s"
    )
    return ledger, told


def campaign(root: Path, injected: int) -> Told:
    """Have so many calls fail, shared by all ways to store; give the numbers of each."""
    for seed, (way, how) in enumerate(WAYS.items()):
        folder = root / way.replace(", ", "-")
        folder.mkdir()
        ledger, told = brave(folder, -(-injected // len(WAYS)), *how, seed=seed)
        yield f"{way}: {told}; {ledger}", ledger.wrong
