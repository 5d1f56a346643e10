"""
The TCP ports that somebody listens on, as Linux's kernel tells them (sock_diag(7)).

/proc/net/tcp6 has them too, but not whether a socket of IPv6 takes clients by IPv4 as well.
"""

import socket
import struct
from dataclasses import dataclass
from ipaddress import ip_address

from gomail.machine.dump import attributes_of, dump

# struct inet_diag_req_v2: family, protocol, extensions, padding, states, and any two ends
_REQUEST = struct.Struct("=BBBBI48x")
# struct inet_diag_msg: family, state, timer, retransmits, two ports, two addresses, interface and
# cookie, time, two queues, user, inode
_MESSAGE = struct.Struct("=BBBB2s2s16s16s12xIIIII")
_SOCK_DIAG, _BY_FAMILY = 4, 20
_LISTEN = 1 << 10  # TCP_LISTEN
_ONLY_IPV6 = 11  # INET_DIAG_SKV6ONLY
_LENGTHS = {socket.AF_INET: 4, socket.AF_INET6: 16}


@dataclass(frozen=True, slots=True)
class Listening:
    """
    A socket that takes connections.

    Attributes:
        ip: at which address; ``0.0.0.0`` or ``::`` is all of them.
        port: at which port.
        only6: whether a socket of IPv6 takes no clients by IPv4.
        inode: the number by which processes have it.
        uid: of who has made it.
    """

    ip: str
    port: int
    only6: bool = False
    inode: int = 0
    uid: int = 0

    @property
    def families(self) -> frozenset[int]:
        """The versions of IP that its clients come by."""
        if ":" not in self.ip:
            return frozenset({4})
        return frozenset({4, 6} if self.ip == "::" and not self.only6 else {6})

    @property
    def local(self) -> bool:
        """Whether this machine alone can reach it."""
        return ip_address(self.ip).is_loopback

    def __str__(self) -> str:
        """Write it for people."""
        host = f"[{self.ip}]" if ":" in self.ip else self.ip
        return f"{host}:{self.port}"


def listening() -> tuple[Listening, ...]:
    """
    Give all sockets of TCP that take connections here.

    Raises:
        OSError: the kernel does not tell, such as any but Linux.
    """
    requests = (_REQUEST.pack(family, socket.IPPROTO_TCP, 0, 0, _LISTEN) for family in _LENGTHS)
    told = (message for each in requests for message in dump(_SOCK_DIAG, _BY_FAMILY, each))
    return tuple(_read_socket(body) for kind, body in told if kind == _BY_FAMILY)


def _read_socket(body: bytes) -> Listening:
    """Read one socket."""
    family, _, _, _, port, _, source, _, _, _, _, uid, inode = _MESSAGE.unpack_from(body)
    address = ip_address(source[: _LENGTHS[family]])
    only6 = dict(attributes_of(body[_MESSAGE.size :])).get(_ONLY_IPV6, b"\0")[0] == 1
    return Listening(str(address), int.from_bytes(port, "big"), only6, inode, uid)
