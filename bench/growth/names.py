"""Mailboxes, aliases and domains: what more of them cost at the start, at rest, and at a reload."""

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from bench.growth.curve import Curve, Values
from bench.growth.house import DOMAIN, MAIL, Configured, House, house, settle
from bench.loads.client import Client

COUNTS = (10, 100, 1000, 10_000, 100_000)
LONGEST = "longest NOOP at reload ms"
_KEYS = ("start s", "CPU s at reload", "MiB", "lookup µs")
_ASKED = 20  # names that are looked up, so that few Maildirs are made
_ROUNDS = 100


def mailboxes(count: int, _: Path) -> str:
    """A list of names."""
    names = ",\n".join(f'"user{number}"' for number in range(count))
    return f'[domains."{DOMAIN}"]\nmailboxes = [\n{names}\n]\n'


def aliases(count: int, _: Path) -> str:
    """Aliases of two mailboxes each."""
    names = "\n".join(f'user{number} = ["alice", "bob"]' for number in range(count))
    table = f'[domains."{DOMAIN}"]\nmailboxes = ["alice", "bob"]\n'
    return f'{table}[domains."{DOMAIN}".aliases]\n{names}\n'


def domains(count: int, _: Path) -> str:
    """Domains with a mailbox each; the last is asked."""
    names = [*(f"d{number}.example" for number in range(count - 1)), DOMAIN]
    users = ", ".join(f'"user{number}"' for number in range(_ASKED))
    return "".join(f'[domains."{name}"]\nmailboxes = [{users}]\n' for name in names)


def database(count: int, folder: Path) -> str:
    """Rows of SQLite."""
    path = folder / f"names{count}.{time.time_ns()}.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "CREATE TABLE mailboxes (domain TEXT NOT NULL, name TEXT NOT NULL,"
            " PRIMARY KEY (domain, name)) WITHOUT ROWID"
        )
        rows = sorted((DOMAIN, f"user{number}") for number in range(count))
        connection.executemany("INSERT INTO mailboxes VALUES (?, ?)", rows)
    return f'[domains."{DOMAIN}"]\nmailboxes = "sqlite:{path}"\n'


def measure(
    text: Callable[[int, Path], str], scratch: Path, counts: Sequence[int]
) -> Iterator[tuple[int, Values]]:
    """Start a server for each count."""
    for count in counts:
        with house(scratch, Configured(text(count, scratch))) as server:
            settle(server)
            memory, before = server.memory(), server.cpu()
            seconds, longest = server.reload()
            reload = server.cpu() - before
            quiet = server.longest_noop(_in(seconds))
            known = [f"user{count * each // _ASKED}" for each in range(min(count, _ASKED))]
            if text is domains:
                known = [f"user{each}" for each in range(_ASKED)]
            yield (
                count,
                {
                    "start s": server.started,
                    "MiB": memory,
                    "MiB after": server.memory(),
                    "lookup µs": lookup(server, known),
                    "reload s": seconds,
                    "CPU s at reload": reload,
                    LONGEST: longest,
                    "without one ms": quiet,
                },
            )


def lookup(server: House, names: Sequence[str]) -> float:
    """Give the CPU µs that a RCPT costs, for names whose Maildirs have been asked about."""
    client = server.client()

    def ask() -> None:
        client.say(MAIL)
        _all(client, names)
        client.say(b"RSET\r\n")

    ask()
    return server.cost(_ROUNDS, ask) / len(names)


def _all(client: Client, names: Sequence[str]) -> None:
    """Name recipients in one packet."""
    client.socket.sendall(b"".join(f"RCPT TO:<{each}@{DOMAIN}>\r\n".encode() for each in names))
    for _ in names:
        client.hear(b"2")


def _in(seconds: float) -> Callable[[], bool]:
    """Tell when so many seconds are over."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


def _curve(text: Callable[[int, Path], str], title: str, counts: Sequence[int]) -> Curve:
    name = text.__name__
    return Curve(name, title, name, _KEYS, counts, partial(measure, text), {LONGEST: 50})


CURVES = (
    _curve(mailboxes, "mailboxes in TOML", COUNTS),
    _curve(aliases, "aliases of two mailboxes in TOML", COUNTS),
    _curve(domains, "domains in TOML, 20 mailboxes each", COUNTS[:-1]),
    _curve(database, "mailboxes in SQLite", (*COUNTS, 1_000_000)),
)
