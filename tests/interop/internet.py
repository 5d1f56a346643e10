"""
A small DNS of our own on 127.0.0.0/8: root, two top-level domains, and a zone for each test.

Debian's nsd serves it: one process at 127.0.0.2 for the root and what is below it, and two for the
domains' own servers, ns1 at 127.0.0.3 and ns2 at 127.0.0.4. Nobody answers at 127.0.0.5. unbound at
127.0.0.1 is the resolver; it trusts the key of ``example``, which is signed.
"""

import signal
import socket
import subprocess
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dns.dnssec
import dns.message
import dns.query
import dns.rdata
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

from tests.interop.server import wait_for
from tests.interop.software import end, needs
from tests.interop.unbound import ALONE
from tests.patience import PATIENCE

RESOLVER, ROOT, NS1, NS2, NOBODY = (f"127.0.0.{number}" for number in range(1, 6))
_SOA = "@ SOA ns1 hostmaster {serial} 3600 600 86400 60\n"
_SERVERS = "@ NS ns1\n@ NS ns2\nns1 A 127.0.0.3\nns2 A 127.0.0.4\n"
_DELEGATION = "{name} NS ns1.{name}\n{name} NS ns2.{name}\nns1.{name} A 127.0.0.3\n"
_DELEGATION += "ns2.{name} A 127.0.0.4\n"
_COM = """
eforward.registrar-servers A 162.255.118.51
mx.elsewhere A 9.9.9.10
"""

_NSD = """\
server:
    ip-address: {address}@{port}
    username: ""
    pidfile: ""
    database: ""
    xfrdfile: ""
    zonelistfile: "{folder}/zone.list"
    zonesdir: "{folder}"
    server-count: 1
    verbosity: 1
remote-control:
    control-enable: no
"""
_NSD_ZONE = 'zone:\n    name: "{name}"\n    zonefile: "{file}"\n'

_UNBOUND = """\
    do-ip6: no
    do-not-query-localhost: no
    target-fetch-policy: "0 0 0 0 0"
    trust-anchor: "{anchor}"
"""
_STUB = 'stub-zone:\n    name: "{name}"\n'
_STUB_ADDRESS = "    stub-addr: {address}@{port}\n"


@dataclass(frozen=True)
class Case:
    """
    A domain ``NAME.example`` as it is set up.

    Attributes:
        records: of its zone, beside SOA and servers.
        second: the same at ns2; None for the same.
        servers: NS records and addresses, where the usual ones are not meant.
        delegation: what ``example`` says, with ``{name}``; the usual by default.
        signed: whether it is.
        forged: what is replaced after it was signed, by what.
        on_ns2: whether ns2 has the zone.
    """

    records: str
    second: str | None = None
    servers: str = _SERVERS
    delegation: str = _DELEGATION
    signed: bool = False
    forged: tuple[str, str] | None = None
    on_ns2: bool = True


class Internet:
    """
    All these servers.

    Args:
        folder: for their files.
        cases: domains below ``example``, by their names there.
    """

    def __init__(self, folder: Path, cases: dict[str, Case]) -> None:
        self._folder = folder
        self._programs = needs("nsd"), needs("unbound")
        self.port, self.resolver_port = _free_port(ROOT, NS1, NS2, NOBODY), _free_port(RESOLVER)
        self._keys: dict[str, ec.EllipticCurvePrivateKey] = {}
        self._running: list[subprocess.Popen[bytes]] = []
        self._stack = ExitStack()
        above = folder / "above"
        above.mkdir()
        self._folders = {NS1: folder / "ns1", NS2: folder / "ns2"}
        for each in self._folders.values():
            each.mkdir()
        delegations = "".join(self._write(name, case) for name, case in cases.items())
        glue = "ns1 A 127.0.0.2\n"
        begin = _SOA.format(serial=1) + "@ NS ns1\n" + glue
        write_zone(
            above,
            ".",
            begin + "example NS ns1.example\nns1.example A 127.0.0.2\n"
            "com NS ns1.com\nns1.com A 127.0.0.2\n",
        )
        write_zone(above, "com.", begin + _COM)
        anchor = write_zone(above, "example.", begin + delegations, self._key("example"))
        for address, place in ((ROOT, above), *self._folders.items()):
            self._start_nsd(address, place)
        self._start_unbound(anchor, cases)
        self._hold(NOBODY)

    def stop(self) -> None:
        """Stop them."""
        self._stack.close()
        for each in self._running:
            end(each)

    def ask_resolver(self, name: str, kind: str) -> dns.message.Message:
        """Have the resolver find something out, and keep it."""
        query = dns.message.make_query(name, kind)
        return dns.query.udp(query, RESOLVER, PATIENCE, self.resolver_port)

    def change(self, name: str, case: Case, serial: int) -> None:
        """Change a zone, and have its servers read it."""
        self._write(name, case, serial)
        for process in self._running[1:3]:
            process.send_signal(signal.SIGHUP)
        for address in self._folders:
            wait_for(f"serial {serial}", partial(self._has, address, f"{name}.example", serial))

    def _has(self, address: str, zone: str, serial: int) -> bool:
        """Tell whether a server has a zone with a serial number."""
        query = dns.message.make_query(zone, "SOA")
        answer = dns.query.udp(query, address, PATIENCE, self.port).answer
        return bool(answer) and answer[0][0].serial == serial

    def _write(self, name: str, case: Case, serial: int = 1) -> str:
        """Write the zone of a case for its servers; give what is said of it above."""
        whole, signer = f"{name}.example.", ""
        text = _SOA.format(serial=serial) + case.servers + case.records
        anchor = write_zone(
            self._folders[NS1], whole, text, self._key(name) if case.signed else None
        )
        if case.signed:
            key = dns.rdata.from_text("IN", "DNSKEY", anchor.split(" DNSKEY ")[1])
            signer = f"{name} DS {dns.dnssec.make_ds(whole, key, 'SHA256')}\n"
        if case.forged:
            path = self._folders[NS1] / _file(whole)
            path.write_text(path.read_text().replace(*case.forged))
        if case.on_ns2 and case.second is None:
            here, there = (self._folders[each] / _file(whole) for each in (NS1, NS2))
            there.write_text(here.read_text())
        elif case.on_ns2:
            text = _SOA.format(serial=serial - 1) + case.servers + (case.second or "")
            write_zone(self._folders[NS2], whole, text)
        return case.delegation.format(name=name) + signer

    def _key(self, name: str) -> ec.EllipticCurvePrivateKey:
        """Give the key of a zone, the same each time that it is signed."""
        return self._keys.setdefault(name, ec.generate_private_key(ec.SECP256R1()))

    def _start_nsd(self, address: str, folder: Path) -> None:
        """Start one that serves the zones in a folder."""
        settings = folder / "nsd.conf"
        zones = {path.stem: path.name for path in sorted(folder.glob("*.zone"))}
        text = _NSD.format(address=address, port=self.port, folder=folder)
        for name, file in zones.items():
            text += _NSD_ZONE.format(name="." if name == "root" else name, file=file)
        settings.write_text(text)
        self._start(self._programs[0], "-d", "-c", str(settings))
        names = ["" if each == "root" else each for each in zones]
        query = dns.message.make_query(f"{names[-1]}.", "SOA")
        wait_for(f"nsd at {address}", lambda: _answers(query, address, self.port))

    def _start_unbound(self, anchor: str, cases: dict[str, Case]) -> None:
        """Start the resolver."""
        settings = self._folder / "unbound.conf"
        text = (ALONE + _UNBOUND).format(
            port=self.resolver_port, folder=self._folder, anchor=anchor
        )
        above = [(name, [ROOT]) for name in ("example", "com")]
        own = [(f"{name}.example", [NS1, NS2]) for name in cases]
        for name, addresses in above + own:
            text += _STUB.format(name=name)
            for each in addresses:
                text += _STUB_ADDRESS.format(address=each, port=self.port)
        settings.write_text(text)
        self._start(self._programs[1], "-d", "-c", str(settings))
        query = dns.message.make_query("example.", "SOA")
        wait_for("unbound", lambda: _answers(query, RESOLVER, self.resolver_port))

    def _start(self, *command: str) -> None:
        """Start a server."""
        output = self._stack.enter_context((self._folder / "out").open("ab"))
        self._running.append(
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
            )
        )

    def _hold(self, address: str) -> None:
        """Have sockets at an address that nobody reads, so that nobody is told so, either."""
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            held = self._stack.enter_context(socket.socket(socket.AF_INET, kind))
            held.bind((address, self.port))


def write_zone(
    folder: Path, name: str, text: str, key: ec.EllipticCurvePrivateKey | None = None
) -> str:
    """Write a zone, signed if there is a key; give its trust anchor then."""
    zone = dns.zone.from_text(f"$TTL 2580\n{text}", origin=name, relativize=False)
    anchor = ""
    if key is not None:
        record = dns.dnssec.make_dnskey(key.public_key(), "ECDSAP256SHA256", flags=257)
        dns.dnssec.sign_zone(zone, keys=[(key, record)], lifetime=7 * 86400)
        anchor = f"{name} DNSKEY {record.to_text()}"
    zone.to_file(str(folder / _file(name)), relativize=False)
    return anchor


def _file(name: str) -> str:
    """Name the file of a zone."""
    return f"{name.removesuffix('.') or 'root'}.zone"


def _answers(query: dns.message.Message, address: str, port: int) -> bool:
    """Tell whether somebody answers there."""
    with suppress(Exception):
        return bool(dns.query.udp(query, address, 1, port).answer)
    return False


def _free_port(*addresses: str) -> int:
    """Give a port that was free for TCP and UDP at all these addresses a moment ago."""
    while True:
        with ExitStack() as stack, suppress(OSError):
            port = 0
            for address in addresses:
                for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
                    tried = stack.enter_context(socket.socket(socket.AF_INET, kind))
                    tried.bind((address, port))
                    port = tried.getsockname()[1]
            return port
