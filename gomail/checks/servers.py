"""Where a resolver is, as it is written in a configuration."""

import re
from ipaddress import ip_address
from typing import NamedTuple

PORT = 53
_WITH_PORT = re.compile(r"(?:\[([0-9A-Fa-f:.]+(?:%[^\[\]%\s]+)?)\]|([0-9.]+)):([0-9]{1,5})\Z")
_LAST_PORT = 65535


class Server(NamedTuple):
    """
    A resolver.

    Attributes:
        ip: its address, as text.
        port: where it answers.
    """

    ip: str
    port: int


def read_server(text: str) -> Server:
    """
    Read an address: ``127.0.0.1``, ``127.0.0.1:5353``, ``::1`` or ``[::1]:5353``.

    A link's address has its zone: ``fe80::1%eth0`` (RFC 4007 §11).

    Raises:
        ValueError: with what was expected.
    """
    match = _WITH_PORT.match(text)
    ip, port = (match[1] or match[2], int(match[3])) if match else (text, PORT)
    try:
        address = ip_address(ip)
    except ValueError:
        address = None
    if address is None or not 0 < port <= _LAST_PORT:
        msg = f'an address such as "127.0.0.1" or "[::1]:5353" was expected, not {text!r}'
        raise ValueError(msg)
    return Server(str(address), port)
