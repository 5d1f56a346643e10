"""
An unbound on this machine that has DNS for whom the loads speak of, and asks nobody else.

It listens where resolvers are looked for, on port 53, since not everyone who checks can be told
another one; hence root. All that it knows may be kept for an hour.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measuring import Processes, fresh_folder, until
from bench.peers.peer import Missing
from bench.signing import SELECTOR, key_record

# One of its own for each process that measures, so that two of them don't meet.
ADDRESS = f"127.6.{os.getpid() // 256 % 256}.{os.getpid() % 256}"
DOMAIN = "client.example"
_PATIENCE = 30.0  # seconds for a start, and for an end
_SETTINGS = """\
server:
    interface: {address}
    port: 53
    do-daemonize: no
    use-syslog: no
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    num-threads: 1
    module-config: "iterator"
    # What is not here, is nowhere: no root server is ever asked.
    local-zone: "." static
    local-data: '{domain}. 3600 IN A 127.0.0.1'
    local-data: '{domain}. 3600 IN TXT "v=spf1 ip4:127.0.0.0/8 -all"'
    local-data: '{selector}._domainkey.{domain}. 3600 IN TXT {key}'
    local-data: '_dmarc.{domain}. 3600 IN TXT "v=DMARC1; p=reject"'
    local-data: '1.0.0.127.in-addr.arpa. 3600 IN PTR {domain}.'
    local-data: '. 3600 IN SOA ns.{domain}. postmaster.{domain}. 1 3600 600 86400 3600'
remote-control:
    control-enable: no
"""


def find() -> str | None:
    """Give unbound's path, or None where it is not installed."""
    return shutil.which("unbound") or shutil.which("unbound", path="/usr/sbin")


def missing() -> str | None:
    """Say why there can be no DNS here, if so."""
    if find() is None:
        return "unbound is not installed; try: sudo apt install unbound"
    return None if os.geteuid() == 0 else "a DNS server of its own, on port 53, needs root"


@contextmanager
def answering(scratch: Path) -> Iterator[Processes]:
    """
    Have it answer on `ADDRESS`, and end it; what it costs is told by its processes.

    Raises:
        Missing: it did not start.
    """
    why = missing()
    if why is not None:
        raise Missing(why)
    folder = fresh_folder(scratch, "unbound")
    settings, output = folder / "unbound.conf", folder / "output"
    values = {"address": ADDRESS, "folder": folder, "domain": DOMAIN, "selector": SELECTOR}
    settings.write_text(_SETTINGS.format(**values, key=key_record()))
    with output.open("wb") as told:
        process = subprocess.Popen(
            [find() or "unbound", "-d", "-c", str(settings)],
            stdin=subprocess.DEVNULL,
            stdout=told,
            stderr=told,
        )
    try:
        until(
            lambda: process.poll() is not None or "start of service" in output.read_text(),
            _PATIENCE,
        )
        if process.poll() is not None or "start of service" not in output.read_text():
            raise Missing(f"unbound did not start; see {output}")
        yield Processes(process.pid)
    finally:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        finally:
            process.kill()
            process.wait()
