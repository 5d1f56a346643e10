"""The machine's own firewall: looked at for each version of IP, and opened in its own words."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gomail.doctor.finding import Finding, Severity, Told
from gomail.doctor.ruleset import Chain, Packet, Ruleset, read_ruleset
from gomail.doctor.saved import read_saved
from gomail.machine.programs import ask_program, find_program

_RIGHTS = re.compile(r"^CapEff:\s*([0-9a-f]+)", re.MULTILINE)
_NET_ADMIN = 12  # CAP_NET_ADMIN
_SUDO = "sudo nft list ruleset"


@dataclass(frozen=True, slots=True)
class Firewall:
    """
    What was seen of a version of IP.

    Attributes:
        family: the version.
        closing: chains that let nobody in, each with the program that has them.
        sure: whether that is all that there is to say; False where it depends, or can't be seen.
        seen: whether this user may see the rules.
    """

    family: int
    closing: tuple[tuple[str, Chain], ...] = ()
    sure: bool = True
    seen: bool = True

    @property
    def closed(self) -> bool:
        """Whether nobody gets in."""
        return bool(self.closing)


def look(family: int, port: int, addresses: Iterable[str]) -> Firewall:
    """Look what the firewall does with connections to a port."""
    if not _may_look():
        return Firewall(family, sure=False, seen=False)
    mine = tuple(each for each in addresses if (":" in each) == (family == 6))
    packet = Packet(family, port, mine)
    closing: list[tuple[str, Chain]] = []
    sure, asked = True, False
    for program, ruleset in _rulesets(family):
        asked = True
        if ruleset is None:
            return Firewall(family, sure=False, seen=False)
        chains, certain = ruleset.closed_by(packet)
        closing += [(program, each) for each in chains]
        sure = sure and certain
    return Firewall(family, tuple(closing), sure or bool(closing), asked)


def _may_look() -> bool:
    """Tell whether the kernel would tell us its rules; some programs say nothing instead of no."""
    with suppress(OSError):
        match = _RIGHTS.search(Path("/proc/thread-self/status").read_text())
        return match is not None and bool(int(match[1], 16) >> _NET_ADMIN & 1)
    return False


def _rulesets(family: int) -> Iterator[tuple[str, Ruleset | None]]:
    """Give the rules that each of the kernel's two firewalls has; None where we may not see."""
    prefix = "iptables" if family == 4 else "ip6tables"
    variants = [each for each in (f"{prefix}-legacy", f"{prefix}-nft") if _saves(each)]
    translated: set[tuple[str, str]] = set()
    for name in variants or [each for each in (prefix,) if _saves(each)]:
        said = ask_program(f"{name}-save")
        ruleset = read_saved(said.output, family) if said and said.status == 0 else None
        # What iptables has put into nftables is read better in its own words.
        if ruleset is not None and name != f"{prefix}-legacy":
            translated |= {key[:2] for key in ruleset.chains}
        yield name.removesuffix("-nft"), ruleset
    if find_program("nft"):
        said = ask_program("nft", "-j", "list", "ruleset")
        found = _parsed(said.output) if said and said.status == 0 else None
        yield "nft", None if found is None else found.without(translated)


def _saves(name: str) -> bool:
    """Tell whether there is a program that tells the rules of a kind."""
    return find_program(f"{name}-save") is not None


def _parsed(text: str) -> Ruleset | None:
    """Read JSON of nft; some versions write nothing where there is nothing."""
    try:
        return read_ruleset(json.loads(text)["nftables"]) if text.strip() else Ruleset({})
    except (ValueError, KeyError, TypeError):
        return None


def examine_firewalls(found: Sequence[Firewall], port: int) -> Told:
    """Find what the firewall keeps out."""
    told = Told()
    for each in found:
        name = f"IPv{each.family}"
        if each.closed:
            told += Told((_closed(each, port),), (f"the local firewall for {name}: closed",))
        elif not each.seen:
            told += Told(unseen=(f"the local firewall for {name}: {_SUDO}",))
        elif not each.sure:
            how = f"the local firewall for {name}, since it depends on who comes: {_SUDO}"
            told += Told(unseen=(how,))
        else:
            told += Told(checked=(f"the local firewall for {name}: port {port} is open",))
    return told


def _closed(found: Firewall, port: int) -> Finding:
    """Say which chains are closed, and how they are opened."""
    lines = tuple(dict.fromkeys(line for each in found.closing for line in _open(*each, port)))
    return Finding(
        f"firewall-ipv{found.family}",
        Severity.ERROR,
        f"this machine's firewall lets connections to port {port} in, by IPv{found.family}",
        tuple(
            f"the chain {chain.name} of the table {chain.family} {chain.table} lets nobody in"
            for _, chain in found.closing
        ),
        "open it:",
        lines,
    )


def _open(program: str, chain: Chain, port: int) -> tuple[str, ...]:
    """Give the lines that open a port, in the words of whoever has made the chain."""
    texts = [str(rule) for rule in chain.rules]
    if chain.table == "firewalld":
        return (
            f"sudo firewall-cmd --permanent --add-port={port}/tcp && sudo firewall-cmd --reload",
        )
    if any("ufw" in text for text in texts):
        return (f"sudo ufw allow {port}/tcp",)
    if program != "nft":
        return (f"sudo {program} -I {chain.name} -p tcp --dport {port} -j ACCEPT",)
    place = f"{chain.family} {chain.table} {chain.name}"
    return (f"sudo nft insert rule {place} tcp dport {port} accept",)
