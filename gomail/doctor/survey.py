"""All that is looked at on this machine, and what is wrong with it, in the order of mending."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from gomail.certificates.own import NAME
from gomail.certificates.wanted import Files
from gomail.doctor.disks import Disk, examine_disk, look_at_disk
from gomail.doctor.finding import Finding, Severity, Told
from gomail.doctor.firewall import Firewall, examine_firewalls
from gomail.doctor.firewall import look as look_at_firewall
from gomail.doctor.maildirs import Store, examine_store, look_into, name_of
from gomail.doctor.pairs import Shown, examine_pairs, look_at
from gomail.doctor.ports import SMTP, Ports, examine_ports, reached
from gomail.doctor.providers import hints, marks
from gomail.doctor.reachability import Reachability, Witness, examine_addresses, judge
from gomail.doctor.server import Unit, page_places, places
from gomail.doctor.system import (
    capable,
    clock_is_right,
    examine_clock,
    examine_descriptors,
    examine_rights,
    first_port,
    pythons,
)
from gomail.doctor.wishes import examine_settings
from gomail.machine.netlink import addresses
from gomail.machine.processes import Process, holders, most_files
from gomail.machine.reach import Reach, reach
from gomail.machine.sockets import listening
from gomail.recipients.mailbox import Template
from gomail.server.start import StartError, group_id
from gomail.settings.values import Configuration

_RANKS = list(Severity)


@dataclass(frozen=True, slots=True)
class Meant:
    """
    The server that is looked at.

    Attributes:
        configuration: what is in force for it.
        process: its first one; None where it does not run.
        unit: of systemd; None without one.
        uid: the user that it runs as, or would.
        state: its state folder; None where it has none.
        start: the line that starts it.
        copies: the folder of the copies of what certbot renews.
        doubted: processes that look like a server, and of which that can't be told.
    """

    configuration: Configuration
    process: Process | None
    unit: Unit | None
    uid: int
    state: str | None
    start: str
    copies: str
    doubted: tuple[Process, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """
    What was seen; `None` stands for what this machine or its user does not tell.

    Attributes:
        meant: the server.
        ports: who listens.
        here: how the machine's addresses can be reached.
        own: all of them.
        firewalls: what they do with connections to the server's port.
        shown: certificates.
        store: the Maildir.
        disk: on which that is.
        clock: whether it is kept right.
        files: that the server may open.
        capable: programs of ours that have rights.
        marks: what the machine says of its maker.
    """

    meant: Meant
    ports: Ports | None
    here: Reach | None = None
    own: frozenset[str] = frozenset()
    firewalls: tuple[Firewall, ...] = ()
    shown: tuple[Shown, ...] = ()
    store: Store | None = None
    disk: Disk | None = None
    clock: bool | None = None
    files: int | None = None
    capable: tuple[str, ...] = ()
    marks: Mapping[str, str] = field(default_factory=dict)


def survey(meant: Meant) -> Seen:
    """Look at all of it; nothing is changed, and each look ends in time."""
    here, own = None, frozenset[str]()
    with suppress(OSError):
        found = addresses()
        here, own = reach(found), frozenset(each.ip for each in found)
    ports = _ports(meant)
    port = next((each.port for each in ports.places if not each.proxied), SMTP) if ports else SMTP
    public = here.public + here.maybe6 + here.ipv4 if here else ()
    process = meant.process
    root = Template(meant.configuration.maildir).root
    return Seen(
        meant,
        ports,
        here,
        own,
        tuple(look_at_firewall(family, port, public) for family in (4, 6)),
        _shown(meant),
        _store(meant, root),
        look_at_disk(root),
        clock_is_right(),
        None if process is None else most_files(process.pid),
        capable(pythons(process.words if process else ())),
        marks(),
    )


def _ports(meant: Meant) -> Ports | None:
    """Look who listens."""
    wanted = places(meant.configuration.listeners, meant.unit)
    try:
        found = listening()
    except OSError:
        return None
    page = page_places(meant.configuration.metrics.listen)
    numbers = {each.port for each in (*wanted, *page)}
    here = tuple(each for each in found if each.port in numbers)
    who = holders(each.inode for each in here)
    others = Path("/proc/1").exists()
    process, unit, start = meant.process, meant.unit, meant.start
    return Ports(wanted, page, here, who, process, unit, first_port(), start, others, meant.doubted)


def _shown(meant: Meant) -> tuple[Shown, ...]:
    """Read the certificates, or the one that gomail has made if it is there already."""
    configuration = meant.configuration
    if all(each.tls == "off" for each in configuration.listeners):
        return ()
    if configuration.tls.files:
        return tuple(look_at(each) for each in configuration.tls.files)
    own = Path(meant.state or "", NAME)
    with suppress(OSError):
        if own.exists():
            return (look_at(Files(str(own), str(own)), own=True),)
    return ()


def _store(meant: Meant, root: str) -> Store:
    """Look at the Maildir, or at the folder of all of them."""
    group = meant.configuration.group
    shared = None
    with suppress(StartError):
        shared = None if group is None else group_id(group)
    single = "{" not in meant.configuration.maildir
    makes = meant.process is None and meant.unit is None  # the unit's sandbox has it there before
    return look_into(root, meant.uid, shared=shared, single=single, makes=makes)


def examine(seen: Seen, now: datetime) -> Told:
    """Give what is wrong, what keeps most mail away first; and what was looked at."""
    meant = seen.meant
    told = examine_settings(meant.configuration)
    if seen.ports is None:
        told += Told(unseen=("who listens on this machine's ports: ss -ltn",))
    else:
        told += examine_ports(seen.ports)
    told += examine_rights(seen.capable, meant.process.uid if meant.process else None)
    told += examine_firewalls(_that_matter(seen), _port(seen))
    told += examine_addresses(seen.here)
    user = name_of(meant.uid)
    hostname = meant.configuration.hostname
    told += examine_pairs(seen.shown, hostname, now, meant.copies, user)
    if seen.store is not None:
        told += examine_store(seen.store)
    if seen.disk is not None:
        limits = meant.configuration.limits
        told += examine_disk(seen.disk, limits.disk_reserve, limits.size)
    told += examine_clock(right=seen.clock)
    return told + examine_descriptors(seen.files, meant.configuration.limits)


def in_order(told: Told) -> Told:
    """Put findings in the order of their severity."""

    def rank(each: Finding) -> int:
        return _RANKS.index(each.severity)

    return replace(told, findings=tuple(sorted(told.findings, key=rank)))


def reachability(seen: Seen, witness: Witness | None) -> Reachability:
    """Tell whether others can connect; a session that this machine had with itself is no proof."""
    ports = seen.ports
    if witness is not None and witness.address in seen.own:
        witness = None
    listens = {family: ports is None or reached(ports, family) for family in (4, 6)}
    return judge(listens, seen.firewalls, seen.here, witness, hints(seen.here, seen.marks))


def _that_matter(seen: Seen) -> tuple[Firewall, ...]:
    """Give the firewalls of those versions of IP by which somebody may come."""
    here = seen.here
    if here is None:
        return seen.firewalls
    some = {4: bool(here.ipv4), 6: bool(here.ipv6 or here.maybe6)}
    return tuple(each for each in seen.firewalls if some[each.family])


def _port(seen: Seen) -> int:
    """Give the port that strangers come by."""
    wanted = seen.ports.places if seen.ports else ()
    return next((each.port for each in wanted if not each.proxied), SMTP)
