"""
Under which names a page on the loopback is asked for by those who mean it.

Every page that a browser on this machine has open can connect to the loopback, and may read what is
answered if its own name has been made to lead here meanwhile (DNS rebinding). The browser then says
that name in Host; who means this machine says localhost, or an address.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address

LOCALHOST = "localhost"  # RFC 6761 §6.3: no browser asks DNS for it
# RFC 9110 §7.2: a name, or an address, IPv6 in brackets (RFC 3986 §3.2.2), and perhaps a port.
_HOST = re.compile(rb"(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9.-]{1,253}))(?::[0-9]{0,5})?")


def means_this_machine(hosts: Sequence[bytes]) -> bool:
    """Tell whether a request with these Host fields can be meant for the loopback."""
    # Browsers always send one; checks of load balancers in HTTP/1.0 have none.
    return not hosts or (len(hosts) == 1 and _is_local(hosts[0]))


def _is_local(host: bytes) -> bool:
    """Tell whether that is localhost or an address, which no DNS can make to lead here."""
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = (match[1] or match[2]).decode("ascii").lower().removesuffix(".")
    if name == LOCALHOST:
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
