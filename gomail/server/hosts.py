"""
The Host of a request (RFC 9110 §7.2), as whoever serves pages on the loopback has to know it.

Every page that a browser has open can connect there, and may read what is answered if its own name
has been made to lead here meanwhile (DNS rebinding). The browser then says that name in Host.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

Host = str | IPv4Address | IPv6Address

LOCALHOST = "localhost"  # RFC 6761 §6.3: no browser asks DNS for it
# A name, or an address, IPv6 in brackets (RFC 3986 §3.2.2), and perhaps a port.
_HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::[0-9]{0,5})?")


def read_host(octets: bytes) -> Host | None:
    """Read a Host field: a name or an address, without its port; None for anything else."""
    match = _HOST.fullmatch(octets)
    return None if match is None else as_host((match[1] or match[2]).decode("ascii"))


def as_host(name: str) -> Host:
    """Give a name or an address, without brackets, in the form in which they are compared."""
    name = name.lower().removesuffix(".")
    try:
        return ip_address(name)
    except ValueError:
        return name
