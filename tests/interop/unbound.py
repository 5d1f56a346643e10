"""An unbound of our own, with one zone that is signed, and one whose signatures are wrong."""

import socket
import subprocess
from contextlib import suppress
from pathlib import Path

import dns.dnssec
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec

from tests.interop.server import wait_for
from tests.interop.software import end, needs, run

_ZONE = """\
$TTL 300
@ SOA ns.{name}. postmaster.{name}. 1 3600 600 86400 60
@ NS ns.{name}.
ns A 192.0.2.53
@ TXT "v=spf1 " "-all"
@ MX 10 Mail.{name}.
mail A 192.0.2.1
mail AAAA 2001:db8::1
alias CNAME mail
giant TXT {giant}
"""

ALONE = """\
remote-control:
    control-enable: no
server:
    interface: 127.0.0.1
    port: {port}
    do-daemonize: no
    use-syslog: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    num-threads: 1
"""
_SETTINGS = """\
    val-clean-additional: yes
    {anchors}
    local-zone: "local.example." static
    local-data: "local.example. 60 IN TXT from-local-data"
    local-zone: "2.0.192.in-addr.arpa." static
    local-data: "1.2.0.192.in-addr.arpa. 60 IN PTR mail.good.example."
{zones}
"""
_AUTH_ZONE = """\
auth-zone:
    name: "{name}."
    zonefile: "{folder}/{name}.zone"
    for-downstream: no
    for-upstream: yes
    fallback-enabled: no
"""


class Unbound:
    """A resolver on 127.0.0.1 that validates, with ``good.example`` and ``bogus.example``."""

    def __init__(self, folder: Path) -> None:
        self.port = _free_port()
        self._output = folder / "unbound.out"
        names = ("good.example", "bogus.example")
        anchors = [f'trust-anchor: "{signed(folder, name)}"' for name in names]
        zones = [_AUTH_ZONE.format(name=name, folder=folder) for name in names]
        bogus = folder / "bogus.example.zone"
        bogus.write_text(bogus.read_text().replace("192.0.2.1", "192.0.2.66"))
        settings = folder / "unbound.conf"
        settings.write_text(
            (ALONE + _SETTINGS).format(
                port=self.port, folder=folder, anchors="\n    ".join(anchors), zones="".join(zones)
            )
        )
        command = needs("unbound")
        run([needs("unbound-checkconf"), settings])
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [command, "-d", "-c", str(settings)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        wait_for("unbound to start", lambda: "start of service" in self.output)

    @property
    def output(self) -> str:
        """What it has said."""
        return self._output.read_text(errors="replace")

    def stop(self) -> None:
        """Stop it."""
        end(self._process)


def signed(folder: Path, name: str) -> str:
    """Write a signed zone into the folder; return its trust anchor."""
    giant = " ".join(['"' + "x" * 255 + '"'] * 20)
    text = _ZONE.format(name=name, giant=giant)
    zone = dns.zone.from_text(text, origin=name, relativize=False)
    key = ec.generate_private_key(ec.SECP256R1())
    record = dns.dnssec.make_dnskey(key.public_key(), "ECDSAP256SHA256", flags=257)
    dns.dnssec.sign_zone(zone, keys=[(key, record)], lifetime=7 * 86400)
    zone.to_file(str(folder / f"{name}.zone"), relativize=False)
    return f"{name}. DNSKEY {record.to_text()}"


def _free_port() -> int:
    """Give a port that was free for TCP and UDP a moment ago."""
    while True:
        with (
            socket.socket() as stream,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            suppress(OSError),
        ):
            stream.bind(("127.0.0.1", 0))
            port: int = stream.getsockname()[1]
            datagrams.bind(("127.0.0.1", port))
            return port
