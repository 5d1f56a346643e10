"""``gomail status``: how the running server fares, and what it has done since its start."""

from collections.abc import Iterator, Mapping, Sequence
from json import dumps
from typing import Any

import click

from gomail.cli.asked import Server, origin, servers, told

_SHOWN = 10  # reasons, and domains of each action in the shadow
_WOULD = {
    "mark": "marked",
    "junk": "put into .Junk",
    "defer": "deferred",
    "refuse": "refused",
    "none": "let through",
}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_SIZES = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"), (1, "octets"))


@click.command()
@click.option("-c", "--config", "file", metavar="FILE", help="That the server runs with.")
@click.option("--control", metavar="PATH", help="Its control socket [as configured, or the usual].")
@click.option("--all", "everyone", is_flag=True, help="Tell of all servers of this user.")
@click.option("--json", is_flag=True, help="Write an object in JSON; with --all a list of them.")
def status(
    file: str | None,
    control: str | None,
    everyone: bool,  # noqa: FBT001 -- click gives it by name
    json: bool,  # noqa: FBT001 -- as above
) -> None:
    """
    Tell how the running server fares, and what it has done since its start.

    Of several, it is the one that has read FILE, or gomail.toml here, or the first; the others are
    named.

    The status is 0, 1 where it is failing (no mail is stored, or not all that should be), 3 where
    no server runs, 4 where only its own user may ask it, and 5 where it does not answer.
    """
    with told():
        found = servers(file, control)
    shown = found if everyone else found[:1]
    if json:
        plain = [each.status | {"control": each.path} for each in shown]
        click.echo(dumps(plain if everyone else plain[0], indent=2))
    else:
        click.echo("\n".join(_report(shown, found[len(shown) :])))
    if any(each.status["health"]["state"] == "failing" for each in shown):
        raise SystemExit(1)


def _report(shown: Sequence[Server], others: Sequence[Server]) -> Iterator[str]:
    """Write how some servers fare, and that there are others."""
    for each in shown:
        yield from text(each.status)
    for each in others:
        yield f"Another runs: {each.name}, {origin(each.status)}; gomail status --all"


def text(found: Mapping[str, Any]) -> Iterator[str]:
    """Write an answer for people."""
    rows = _rows(found)
    name = f"gomail {found['version']} is {found['hostname']}"
    yield f"{name}: pid {found['pid']}, for {_time(found['uptime'])}"
    last = ""
    for row, what in rows:
        yield f"  {'' if row == last else row:<15}{what}"
        last = row


def _rows(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give what is told, row by row."""
    if "configuration" in found:
        yield "goes by", origin(found)
    yield "health", found["health"]["state"]
    for reason in found["health"]["reasons"].values():
        yield "health", reason
    yield from (("listens on", each) for each in found["listeners"])
    if found.get("metrics"):
        yield "metrics", found["metrics"]
    yield from (("workers", _worker(each)) for each in found["workers"])
    sessions = found["sessions"]
    outside = f"{sessions['public']} of all from public addresses"
    yield "sessions", f"{sessions['open']} open, {sessions['ended']} ended, {outside}"
    yield "last public", _last_public(found["last-public"])
    yield "messages", f"{found['messages']}, {_size(found['octets'])}"
    if found["junk"] or found["milters-junk"]:
        yield "junk", f"{found['junk']} by the policy, {found['milters-junk']} by milters"
    if found["dropped"]:
        yield "no message", f"came of {found['dropped']} that were begun"
    yield from (("refused", f"{count} x {reply}") for reply, count in _most(found["refusals"]))
    yield "checks", found["checks"]
    for action, domains in found["shadow"].items():
        yield "in the shadow", _shadow(action, domains)
    yield from (("milters", each) for each in found["milters"])


def _worker(worker: Mapping[str, Any]) -> str:
    """Write one worker."""
    serves = f"{worker['sessions']} sessions" if worker["serves"] else "does not serve yet"
    return f"{worker['number']}: pid {worker['pid']}, {serves}"


def _last_public(last: Mapping[str, Any] | None) -> str:
    """Write who came last from the world outside."""
    if last is None:
        return "nobody from a public address has connected yet"
    return f"{last['address']} at {last['time']} (session {last['session']})"


def _shadow(action: str, domains: Mapping[str, int]) -> str:
    """Write what rules in the shadow would have done, and to whom most often."""
    most = ", ".join(f"{count} from {domain}" for domain, count in _most(domains)[:3])
    return f"would have {_WOULD[action]} {sum(domains.values())}: {most}"


def _most(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Give the highest counts."""
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))[:_SHOWN]


def _time(seconds: float) -> str:
    """Write a time, in its two largest units."""
    left = int(seconds)
    parts: list[str] = []
    for unit, name in _UNITS:
        number, left = divmod(left, unit)
        if number or parts:
            parts.append(f"{number} {name}")
    return " ".join(parts[:2]) or "0 s"


def _size(octets: int) -> str:
    """Write a size, in its largest unit."""
    unit, name = next((each for each in _SIZES if octets >= each[0]), _SIZES[-1])
    return f"{octets / unit:.1f} {name}" if unit > 1 else f"{octets} {name}"
