"""PROXY headers for tests, written as proxies write them."""

import socket

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
LOCAL, PROXY = 0x20, 0x21
TCP4, TCP6, UNIX = 0x11, 0x21, 0x31


def line(client: str = "192.0.2.7", port: int = 40695, family: str = "TCP4") -> bytes:
    """Write version 1."""
    here = "192.0.2.25" if family == "TCP4" else "2001:db8::25"
    return f"PROXY {family} {client} {here} {port} 25\r\n".encode()


def block(command: int, family: int, data: bytes) -> bytes:
    """Write version 2."""
    return SIGNATURE + bytes([command, family]) + len(data).to_bytes(2, "big") + data


def named(client: str, port: int = 40695, tlvs: bytes = b"") -> bytes:
    """Write version 2 for a client by TCP."""
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    here = "2001:db8::25" if family == socket.AF_INET6 else "192.0.2.25"
    hosts = socket.inet_pton(family, client) + socket.inet_pton(family, here)
    ports = port.to_bytes(2, "big") + (25).to_bytes(2, "big")
    return block(PROXY, TCP6 if ":" in client else TCP4, hosts + ports + tlvs)


def tlv(kind: int, value: bytes) -> bytes:
    """Write a TLV."""
    return bytes([kind]) + len(value).to_bytes(2, "big") + value
