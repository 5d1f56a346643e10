"""The server that is meant: its process, its unit, and the places where it is to listen."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

from gomail.machine.processes import Process, holders
from gomail.machine.sockets import listening
from gomail.settings.values import Listener

UNITS = "/etc/systemd/system"
# Where else systemd looks for drop-ins; of two with one name, that of the last counts.
DROP_INS = ("/usr/lib/systemd/system", "/usr/local/lib/systemd/system", "/run/systemd/system")
_FIRST_PORT = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")  # that everybody can open
_INTERFACE = re.compile(r"(?<!\\):interface=((?:\\.|[^\\:])*)")
_INDEX = re.compile(r":index=([0-9]{1,3})(?::|$)")
_PORT = re.compile(r"tcp[46]?:([0-9]+)")
_LISTENS = re.compile(r"(?:\[?(.*?)\]?:)?([0-9]+)\Z")  # ListenStream=: a port, behind an address
_SETTING = re.compile(r"^([A-Za-z]+)[ \t]*=[ \t]*(.*?)[ \t]*$", re.MULTILINE)  # systemd.syntax(7)
_FAMILIES = {"tcp": {4, 6}, "tcp4": {4}, "tcp6": {6}}
_OPTIONS = {
    "--config": "config",
    "-c": "config",
    "--port": "ports",
    "-p": "ports",
    "--hostname": "hostname",
    "--domain": "domains",
    "--maildir": "maildir",
    "--certificate": "certificate",
    "--key": "key",
    "--workers": "workers",
    "--metrics": "metrics",
    "--size": "size",
    "--log-format": "log_format",
}
_SEVERAL = {"ports", "domains"}


@dataclass(frozen=True, slots=True)
class Unit:
    """
    The units of systemd that start gomail, as far as they are there.

    Attributes:
        user: who runs it; empty for root.
        words: its command line.
        listens: on what the socket unit listens; on nothing without one.
        binds: whether the service may open low ports itself.
    """

    user: str
    words: tuple[str, ...]
    listens: tuple[str, ...] = ()
    binds: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """
    A port that the server is to listen on.

    Attributes:
        port: its number.
        families: versions of IP.
        ip: at this address alone, if it is named.
        passed: whether systemd opens it.
        proxied: whether proxies connect there, and clients to them.
    """

    port: int
    families: frozenset[int]
    ip: str | None = None
    passed: bool = False
    proxied: bool = False

    def __str__(self) -> str:
        """Write it for people."""
        names = " and ".join(f"IPv{each}" for each in sorted(self.families))
        return f"port {self.port} of {self.ip or names}"


def read_unit(folder: str = UNITS, others: Sequence[str] = DROP_INS) -> Unit | None:
    """Read the units, with what was edited, if there are any that this user can read."""
    try:
        service = _settings("gomail.service", folder, others)
    except OSError:
        return None
    listens: Sequence[str] = ()
    with suppress(OSError):
        listens = _settings("gomail.socket", folder, others).get("ListenStream", ["25"])
    binds = "CAP_NET_BIND_SERVICE" in " ".join(service.get("AmbientCapabilities", []))
    words = tuple(_unquoted(_last(service, "ExecStart")))
    return Unit(_last(service, "User"), words, tuple(listens), binds)


def _last(settings: Mapping[str, Sequence[str]], name: str) -> str:
    """Give a setting that has one value."""
    return (settings.get(name) or [""])[-1]


def _settings(name: str, folder: str, others: Sequence[str]) -> dict[str, list[str]]:
    """
    Read the settings of a unit, and of its drop-ins in the order of their names (systemd.unit(5)).

    All values of each are given in their order; an empty one takes back those before it.
    """
    paths = [Path(folder, name)]
    drop_ins: dict[str, Path] = {}
    for each in (*others, folder):
        with suppress(OSError):
            drop_ins |= {path.name: path for path in Path(each, f"{name}.d").glob("*.conf")}
    paths += [drop_ins[each] for each in sorted(drop_ins)]
    found: dict[str, list[str]] = {}
    for path in paths:
        text = path.read_text("utf-8", "replace").replace("\\\n", " ")
        for key, value in _SETTING.findall(text):
            found[key] = [*found.get(key, ()), value] if value else []
    return found


def _unquoted(text: str) -> Iterator[str]:
    """Part a command line as the units that gomail writes have it."""
    for quoted, plain in re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', text):
        yield re.sub(r"\\(.)", r"\1", quoted or plain).replace("%%", "%").replace("$$", "$")


def is_gomail(words: tuple[str, ...]) -> bool:
    """Tell whether a command line is that of a server, and not of a command such as this one."""
    for at, word in enumerate(words[:5]):
        name, after = Path(word).name, words[at + 1 :]
        if name in {"gomail", "gomail.cli.main"} and after[:1] in (("run",), ("twistd",)):
            return True
        if "twistd" in word and "gomail" in after:
            return True
        if name.startswith("gomail.") and name != "gomail.cli.main" and words[at - 1] == "-m":
            return True
    return False


def options(words: Sequence[str]) -> dict[str, str | list[str]]:
    """Give what a server's command line says of its configuration."""
    found: dict[str, str | list[str]] = {}
    rest = arguments(list(words))
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        key = _OPTIONS.get(name)
        if key is None or not (equals or rest):
            continue
        value = value if equals else rest.pop(0)
        if key in _SEVERAL:
            several = found.setdefault(key, [])
            assert isinstance(several, list)  # noqa: S101 -- see above
            several.append(value)
        else:
            found[key] = value
    return found


def arguments(words: list[str]) -> list[str]:
    """Give what stands behind the name of the server: before it are Python's words, or twistd's."""
    for at, word in enumerate(words):
        if Path(word).name in {"gomail", "gomail.cli.main"} and "twistd" not in words[at + 1 :]:
            return words[at + 1 :]
    return []


def main_process(found: Iterable[Process]) -> Process | None:
    """Give the server's first process: that of the unit, else the oldest; None without any."""
    servers = [each for each in found if is_gomail(each.words)]
    servers.sort(key=lambda each: (each.unit != "gomail.service", "-m" in each.words, each.pid))
    return servers[0] if servers else None


def parted(found: Iterable[Process]) -> tuple[list[Process], list[Process]]:
    """
    Give the processes whose word counts here, and those of which that can't be told.

    What a command line says decides what root is advised to do, and any user may call a process as
    he likes. So it must be root's, or of the user who asks; or have been started by root: as the
    unit, or with a port that root alone can open. Who has a port may not be ours to see.
    """
    asking = {0, os.geteuid(), int(os.environ.get("SUDO_UID", os.geteuid()))}
    opened: set[int] = set()
    hidden = False
    with suppress(OSError):
        first = int(_FIRST_PORT.read_text())
        several = holders(each.inode for each in listening() if each.port < first)
        opened = {each.pid for having in several.values() for each in having}
        hidden = not all(several.values())
    trusted, others = [], []
    for each in found:
        if each.uid in asking or each.unit == "gomail.service" or each.pid in opened:
            trusted.append(each)
        elif hidden:
            others.append(each)
    return trusted, others


def places(listeners: Iterable[Listener], unit: Unit | None) -> tuple[Place, ...]:
    """Give the ports on which a server with these listeners is to listen."""
    found = []
    for listener in listeners:
        kind = listener.place.partition(":")[0]
        if kind == "systemd":
            several = (unit and unit.listens) or ("25",)
            index = _INDEX.search(listener.place)
            number = min(int(index[1]) if index else 0, len(several) - 1)
            found.append(_passed(several[number], listener))
        match = _PORT.match(listener.place)
        if match is None or match[1] == "0":
            continue
        interface = _INTERFACE.search(listener.place)
        ip = interface[1].replace("\\", "") if interface else None
        found.append(_place(int(match[1]), _FAMILIES[kind], ip, proxied=bool(listener.proxy)))
    return tuple(found)


def page_places(listen: str | None) -> tuple[Place, ...]:
    """Give the port of the page of metrics, if it is one that the server opens."""
    return (
        () if listen is None or listen.startswith("systemd:") else places([Listener(listen)], None)
    )


def _passed(listens: str, listener: Listener) -> Place:
    """Give what a socket unit listens on."""
    match = _LISTENS.match(listens)
    address, port = (match[1], int(match[2])) if match else (None, 25)
    place = _place(port, {4, 6}, address or None, proxied=bool(listener.proxy))
    return Place(place.port, place.families, place.ip, passed=True, proxied=place.proxied)


def _place(port: int, families: set[int], ip: str | None, *, proxied: bool) -> Place:
    """Give a port at an address, if one is named that is not all of them."""
    with suppress(ValueError):
        address = ip_address(ip or "")
        families = {address.version}
        ip = None if address.is_unspecified else str(address)
    return Place(port, frozenset(families), ip, proxied=proxied)
