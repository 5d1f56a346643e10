"""
Sockets that systemd has bound and passes to us (sd_listen_fds(3)), as Twisted finds them.

Twisted reads LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, once, and takes no socket without a name;
what is wrong with one, or that there is none, is told here.
"""

import os
import socket
from collections.abc import Mapping, MutableMapping
from ipaddress import ip_address

_DOMAINS = {
    socket.AF_INET: "INET",
    socket.AF_INET6: "INET6",
    socket.AF_UNIX: "UNIX",
}


def name_sockets(environment: MutableMapping[str, str]) -> None:
    """
    Name the sockets that have come without names, as systemd's own library does.

    systemd-socket-activate passes such ones. This must be done before Twisted is imported.
    """
    count = environment.get("LISTEN_FDS", "")
    if count.isdecimal() and "LISTEN_FDNAMES" not in environment:
        environment["LISTEN_FDNAMES"] = ":".join(["unknown"] * int(count))


def missing(environment: Mapping[str, str], pid: int) -> str:
    """Say why there is no such socket."""
    none = "no such socket was passed to this process"
    owner = environment.get("LISTEN_PID")
    if owner is not None and owner != str(pid):
        return f"{none}: LISTEN_PID={owner} is another, which should have become this one by exec"
    if owner is None and environment.get("LISTEN_FDNAMES"):
        return f"{none}, but these by name: {environment['LISTEN_FDNAMES'].replace(':', ', ')}"
    return (
        f"{none}; systemd does so by LISTEN_FDS and LISTEN_FDNAMES when a socket unit starts it, "
        "and systemd-socket-activate --fdname=NAME does"
    )


def take(fileno: int, domain: str) -> socket.socket:
    """
    Take a socket that was passed.

    Args:
        fileno: its number; it stays open, and another listener can't have it by mistake.
        domain: what kind it is said to be: ``INET``, ``INET6`` or ``UNIX``.

    Raises:
        ValueError: it is not what it should be, in words that go behind a colon.
    """
    number = os.dup(fileno)
    try:
        passed = socket.socket(fileno=number)
    except OSError:
        os.close(number)
        raise ValueError(f"what was passed as descriptor {fileno} is no socket") from None
    kind = _DOMAINS.get(passed.family, "unknown")
    listens = passed.type == socket.SOCK_STREAM and passed.getsockopt(
        socket.SOL_SOCKET, socket.SO_ACCEPTCONN
    )
    if not listens:
        problem = "the socket that was passed does not listen: ListenStream= and Accept=no make it"
    elif kind != domain and not (domain == "INET6" and _is_any_ipv4(passed)):
        problem = f"the socket that was passed is {passed.getsockname()}, which is domain={kind}"
    else:
        passed.setblocking(False)
        return passed
    passed.close()
    raise ValueError(problem)


def _is_any_ipv4(passed: socket.socket) -> bool:
    """Tell whether it is what systemd makes of a port alone, on a machine without IPv6."""
    return passed.family == socket.AF_INET and ip_address(passed.getsockname()[0]).is_unspecified
