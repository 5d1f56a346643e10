"""Names and records: dnspython's forms, and ours."""

import dns.exception
import dns.name
import dns.rdata
import dns.rdataset
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.PTR
import dns.rdtypes.ANY.TXT


def read_name(text: str) -> dns.name.Name | None:
    r"""
    Make a name of A-labels with dots between them; None if DNS can't have such a name.

    A backslash is an octet as any other here, since the name may be a peer's: in a master file
    ``\.`` would be a dot inside a label (RFC 1035 §5.1).
    """
    try:
        labels = text.removesuffix(".").encode("ascii").split(b".")
        return dns.name.Name([*labels, b""])
    except (UnicodeEncodeError, dns.exception.DNSException):
        return None


def values_of(records: dns.rdataset.Rdataset) -> tuple[bytes, ...]:
    """Give the values of records, as `gomail.checks.records.Records` has them."""
    return tuple(map(_value, records))


def _value(record: dns.rdata.Rdata) -> bytes:
    """Give one; that of a kind which no check asks for is as in a master file."""
    if isinstance(record, dns.rdtypes.ANY.TXT.TXT):
        return b"".join(record.strings)
    if isinstance(record, dns.rdtypes.ANY.PTR.PTR):
        return _written(record.target)
    if isinstance(record, dns.rdtypes.ANY.MX.MX):
        return b"%d %b" % (record.preference, _written(record.exchange))
    return record.to_text().encode()


def _written(name: dns.name.Name) -> bytes:
    """Write a name in lower case, without a dot at the end; the root is nothing (RFC 7505 §3)."""
    return name.to_text(omit_final_dot=True).lower().encode() if name.labels != (b"",) else b""
