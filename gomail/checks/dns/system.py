"""The resolvers that this machine is set up with: /etc/resolv.conf (resolv.conf(5))."""

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from gomail.checks.servers import read_server

RESOLV_CONF = "/etc/resolv.conf"


def system_servers(path: str = RESOLV_CONF) -> Sequence[str]:
    """
    Give the resolvers of this machine; without any it is itself one (resolv.conf(5)).

    What is no address there is passed over, as the C library does: mail waits for no resolver.
    """
    servers = []
    with suppress(OSError):
        for line in Path(path).read_text("latin-1").splitlines():
            word, *addresses = line.split() or [""]
            if word == "nameserver":
                with suppress(ValueError):
                    servers += [read_server(each).ip for each in addresses[:1]]
    return servers or ["127.0.0.1"]
