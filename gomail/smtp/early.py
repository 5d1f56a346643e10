"""Whether a client speaks before it has heard us: octets that lie in the kernel, seen unread."""

import socket
from typing import cast

from twisted.internet.interfaces import ISystemHandle, ITransport


def octets_wait(transport: ITransport) -> bool:
    """
    Tell whether octets of the peer have come that nobody has read yet.

    Where there is no socket to be asked (a transport in memory) nothing is known to have come.
    """
    if not ISystemHandle.providedBy(transport):
        return False
    handle = cast("ISystemHandle", transport).getHandle()
    if not isinstance(handle, socket.socket):
        return False
    try:
        return bool(handle.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
    except OSError:  # nothing is there; or the connection is lost, which the reactor will see
        return False
