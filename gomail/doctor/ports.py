"""Whether the server runs and listens where it should, and who has its port instead."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address

from gomail.doctor.finding import Finding, Severity, Told
from gomail.doctor.maildirs import name_of
from gomail.doctor.server import Place, Unit, is_gomail
from gomail.machine.processes import Process
from gomail.machine.sockets import Listening

SMTP = 25
# The unit of a program that is known to take port 25, by the name of its process.
_SERVICES = {
    "master": "postfix",
    "exim4": "exim4",
    "exim": "exim",
    "sendmail": "sendmail",
    "sendmail-mta": "sendmail",
    "smtpd": "opensmtpd",
    "nullmailer-smtpd": "nullmailer",
    "dma": "dma",
    "courieresmtpd": "courier-mta",
    "inetd": "inetd",
    "xinetd": "xinetd",
}


@dataclass(frozen=True, slots=True)
class Ports:
    """
    What was seen of the machine's ports.

    Attributes:
        places: where the server is to listen for mail.
        page: where it is to tell its metrics, if anywhere.
        listening: all sockets that take connections.
        holders: who has them, by inode; nobody where this user may not see it.
        server: the server's process.
        unit: of systemd, if there is one.
        first_port: the first port that everybody may open.
        start: the line that starts the server.
        others: whether this user may see the processes of others at all (hidepid of proc(5)).
        doubted: processes that look like a server, and of which that can't be told.
    """

    places: tuple[Place, ...]
    page: tuple[Place, ...] = ()
    listening: tuple[Listening, ...] = ()
    holders: Mapping[int, tuple[Process, ...]] = field(default_factory=dict)
    server: Process | None = None
    unit: Unit | None = None
    first_port: int = 1024
    start: str = ""
    others: bool = True
    doubted: tuple[Process, ...] = ()

    @property
    def all(self) -> tuple[Place, ...]:
        """Where it is to listen at all."""
        return (*self.places, *self.page)

    def at(self, place: Place) -> tuple[Listening, ...]:
        """Give the sockets that stand in the way of a place, or are it."""
        return tuple(
            each
            for each in self.listening
            if each.port == place.port
            and each.families & place.families
            and (place.ip in {None, each.ip} or ip_address(each.ip).is_unspecified)
        )

    def ours(self, socket: Listening) -> bool | None:
        """Tell whether a socket is the server's; None where that can't be seen."""
        found = self.holders.get(socket.inode, ())
        if any(is_gomail(each.words) for each in found):
            return True
        if any(each.pid == 1 for each in found) and self.unit and self.unit.listens:
            return True
        return False if found else None

    @property
    def supposed(self) -> tuple[Process, ...]:
        """Those that have its ports and may be the server, where none is believed to be."""
        if self.server is not None:
            return ()
        sockets = [socket for place in self.all for socket in self.at(place)]
        having = [each for socket in sockets for each in self.holders.get(socket.inode, ())]
        return tuple(dict.fromkeys(each for each in having if each in self.doubted))


def examine_ports(seen: Ports) -> Told:
    """Find what is wrong with the ports."""
    checked = tuple(_account(seen))
    findings = tuple(_findings(seen))
    unseen = tuple(_unseen(seen)) if not findings else ()
    return Told(findings, checked, unseen)


def reached(seen: Ports, family: int) -> bool:
    """Tell whether others can connect to the server by a version of IP."""
    return any(
        family in socket.families and not socket.local and seen.ours(socket) is not False
        for place in seen.places
        for socket in seen.at(place)
    )


def _findings(seen: Ports) -> Iterator[Finding]:
    """Find them, the gravest alone where others follow from it."""
    held = [
        (place, socket)
        for place in seen.all
        for socket in seen.at(place)
        if seen.ours(socket) is False or (seen.ours(socket) is None and seen.server is None)
    ]
    unknown = not seen.others and all(seen.ours(socket) is None for _, socket in held)
    if held and not unknown:  # else it may well be ours
        yield _held(seen, *held[0])
    elif held:
        return
    elif seen.supposed:
        yield _not_believed(seen, seen.supposed[0])
        yield from _local(seen)
    elif seen.server is None:
        yield _stopped(seen)
    else:
        yield from _missing(seen)
        yield from _local(seen)
    if seen.places and all(place.port != SMTP for place in seen.places):
        yield _unusual(seen.places)
    yield from _shown(seen)


def _held(seen: Ports, place: Place, socket: Listening) -> Finding:
    """Say who has the port, and how to stop it."""
    found = seen.holders.get(socket.inode, ())
    if not found:
        seen_as = f"another program listens on {socket}, and this user may not see which"
        remedy, lines = "see which it is:", (f"sudo ss -ltnp 'sport = :{place.port}'",)
    else:
        seen_as = f"{', '.join(map(str, found[:4]))} listens on {socket}"
        remedy, lines = "stop it, and keep it from starting again:", (_stop(found),)
    expected = f"gomail has {place}"
    return Finding("port-held", Severity.ERROR, expected, (seen_as,), remedy, lines)


def _stop(found: Sequence[Process]) -> str:
    """Give the line that stops a program; what systemd started is stopped by it."""
    first = found[0]
    if first.pid == 1:
        return "sudo systemctl list-sockets     # and: sudo systemctl disable --now NAME.socket"
    known = next((_SERVICES[each.name] for each in found if each.name in _SERVICES), None)
    unit = next((each.unit for each in found if each.unit.endswith(".service")), "")
    if known or unit:
        return f"sudo systemctl disable --now {known or unit}"
    return f"sudo kill {first.pid}"


def _stopped(seen: Ports) -> Finding:
    """Say that it does not run."""
    return Finding(
        "not-running",
        Severity.ERROR,
        "gomail runs",
        ("no process of gomail is there",),
        "start it:" if seen.unit is None else "start it; why it has ended, its log says:",
        (seen.start,) if seen.unit is None else (seen.start, "journalctl -u gomail -n 50"),
    )


def _not_believed(seen: Ports, process: Process) -> Finding:
    """Say that somebody else's process may be the server, or pass for it."""
    user = name_of(process.uid)
    why = (
        f"{process} of {user} has the port; anybody may call a process gomail and open a port from "
        f"{seen.first_port} on, so its word counts for {user} alone"
    )
    return Finding(
        "not-believed",
        Severity.WARNING,
        "the server was started by root, or by who types this",
        (why,),
        f"look as {user}, if that is the server:",
        (f'sudo -u {shlex.quote(user)} "$(which gomail)" doctor',),
    )


def _missing(seen: Ports) -> Iterator[Finding]:
    """Find places where it does not listen, though it runs."""
    lost = [place for place in seen.all if not seen.at(place)]
    if not lost:
        return
    forbidden = [place for place in lost if not place.passed and place.port < seen.first_port]
    may = seen.unit is not None and seen.unit.binds
    if forbidden and seen.server is not None and seen.server.uid != 0 and not may:
        yield Finding(
            "port-forbidden",
            Severity.ERROR,
            f"{forbidden[0]} is opened for gomail",
            (f"only root may open ports below {seen.first_port}, and gomail runs as another user",),
            "have systemd open it, by the units that gomail writes; never give Python itself the "
            "right to (setcap), for every script on the machine would have it:",
            ('sudo "$(which gomail)" units install --user "$USER"',),
        )
        return
    yield Finding(
        "not-listening",
        Severity.ERROR,
        f"gomail listens on {' and '.join(map(str, lost))}",
        (f"{seen.server} runs, and nobody listens there",),
        "start it again, with the configuration that is in force:",
        (_restart(seen),),
    )


def _restart(seen: Ports) -> str:
    """Give the line that starts it again."""
    if seen.server is not None and seen.server.unit == "gomail.service":
        units = "gomail.socket gomail.service" if seen.unit and seen.unit.listens else "gomail"
        return f"sudo systemctl restart {units}"
    return f"kill {seen.server.pid if seen.server else ''} && {seen.start}"


def _local(seen: Ports) -> Iterator[Finding]:
    """Find that it listens to this machine alone."""
    sockets = [socket for place in seen.places for socket in seen.at(place)]
    if not sockets or any(place.proxied for place in seen.places):
        return
    if all(socket.local for socket in sockets):
        yield Finding(
            "listens-locally",
            Severity.ERROR,
            "gomail listens at an address that others can reach",
            tuple(f"it listens on {socket}" for socket in dict.fromkeys(sockets)),
            "leave interface= out of the endpoint, in the configuration, and start it again:",
            ("[[listener]]", f'endpoint = "tcp:{SMTP}"'),
        )


def _unusual(places: Sequence[Place]) -> Finding:
    """Say that senders use port 25."""
    return Finding(
        "port-unusual",
        Severity.NOTE,
        f"senders connect to port {SMTP}, and to no other",
        tuple(f"gomail has {place}" for place in places),
        f"have a router or a proxy pass port {SMTP} on to it, or listen there:",
        ("[[listener]]", f'endpoint = "tcp:{SMTP}"'),
    )


def _shown(seen: Ports) -> Iterator[Finding]:
    """Say that others can see the metrics."""
    for place in seen.page:
        sockets = [each for each in seen.at(place) if not each.local]
        if sockets and all(seen.ours(each) is not False for each in sockets):
            yield Finding(
                "metrics-open",
                Severity.NOTE,
                "metrics are for this machine, or for those whom a firewall lets in",
                (f"whoever reaches {place} sees how much mail comes, and no address or name",),
                "leave them at this machine's own address, if nobody else reads them:",
                ("[metrics]", f'listen = "tcp:{place.port}:interface=127.0.0.1"'),
            )


def _account(seen: Ports) -> Iterator[str]:
    """Tell what was looked at."""
    if seen.server is not None or seen.others:
        yield f"the server: {_told(seen)}"
    for place in seen.all:
        found = seen.at(place)
        yield f"{place}: " + (", ".join(map(str, found)) if found else "nobody listens")
    if not seen.places:
        yield "ports: it is to listen on none"


def _told(seen: Ports) -> str:
    """Tell whether the server runs."""
    if seen.server is not None:
        return f"{seen.server} runs"
    return f"perhaps {seen.supposed[0]}" if seen.supposed else "it does not run"


def _unseen(seen: Ports) -> Iterator[str]:
    """Tell of ports whose holder this user may not see."""
    for place in seen.places:
        if any(seen.ours(socket) is None for socket in seen.at(place)):
            yield (
                f"who listens on {place}, since the socket is another user's: "
                f"sudo ss -ltnp 'sport = :{place.port}'"
            )
