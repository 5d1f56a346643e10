"""How paths are read by RFC 5321 §4.1.2, by hand and octet by octet, with what gomail forgives."""

import socket

ATEXT = frozenset(
    b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~"
)
LET_DIG = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


def reference(path: bytes) -> tuple[str, str] | None:
    """Read a forward-path, octet by octet; None for what is none."""
    path = path.rstrip(b" \t")
    if len(path) < 2 or path[:1] != b"<" or path[-1:] != b">":
        return None
    inner = path[1:-1]
    if inner.lower() == b"postmaster":
        return inner.decode(), ""
    if inner[:1] == b"@":
        route, colon, inner = inner.partition(b":")
        if not colon or not all(hop[:1] == b"@" and _domain(hop[1:]) for hop in route.split(b",")):
            return None
    local, domain = _quoted(inner) if inner[:1] == b'"' else _dotted(inner)
    if local is None or not (_domain(domain) or _literal(domain)) or len(domain) > 255:
        return None
    try:
        pair = local.decode(), domain.decode()
    except UnicodeDecodeError:
        return None
    return pair if all(text.isprintable() for text in pair) else None


def _quoted(inner: bytes) -> tuple[bytes | None, bytes]:
    local, position = b"", 1
    while position < len(inner) and inner[position] != 0x22:
        quoted = inner[position] == 0x5C
        position += quoted
        if position >= len(inner) or inner[position] < 0x20 or inner[position] == 0x7F:
            return None, b""
        if quoted and inner[position] > 0x7F:
            return None, b""
        local += inner[position : position + 1]
        position += 1
    if inner[position : position + 2] != b'"@' or position + 1 > 255:
        return None, b""
    return local, inner[position + 2 :]


def _dotted(inner: bytes) -> tuple[bytes | None, bytes]:
    local, at, domain = inner.partition(b"@")
    good = all(octet in ATEXT or octet > 0x7F or octet == 0x2E for octet in local)
    return (local, domain) if at and local and good and len(local) <= 255 else (None, b"")


def _domain(octets: bytes) -> bool:
    labels = octets.removesuffix(b".").split(b".")
    return all(
        label
        and label[:1] != b"-"
        and label[-1:] != b"-"
        and all(octet in LET_DIG or octet in b"-_" or octet > 0x7F for octet in label)
        for label in labels
    )


def _literal(octets: bytes) -> bool:
    if octets[:1] != b"[" or octets[-1:] != b"]" or not octets.isascii():
        return False
    text = octets[1:-1].decode()
    try:
        if text.lower().startswith("ipv6:"):
            return bool(socket.inet_pton(socket.AF_INET6, text[5:]))
        return bool(socket.inet_pton(socket.AF_INET, text))
    except (OSError, ValueError):
        return False
