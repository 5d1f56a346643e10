"""
Under which names a page on the loopback is asked for by those who mean it.

Who means this machine says localhost, or an address, which no DNS can make to lead here.
"""

from collections.abc import Sequence

from gomail.server.hosts import LOCALHOST, read_host


def means_this_machine(hosts: Sequence[bytes]) -> bool:
    """Tell whether a request with these Host fields can be meant for the loopback."""
    # Browsers always send one; checks of load balancers in HTTP/1.0 have none.
    if len(hosts) != 1:
        return not hosts
    host = read_host(hosts[0])
    return host == LOCALHOST or (host is not None and not isinstance(host, str))
