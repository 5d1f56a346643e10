"""Whether the client's address has a name that leads back to it (RFC 8601 §3, iprev)."""

import ipaddress

from gomail.checks.records import Outcome, Resolver
from gomail.finding import FAIL, PASS, PERMERROR, TEMPERROR, Finding, Property

_MOST_NAMES = 10  # RFC 8601 §3 has a limit, against PTR records without end; RFC 7208 §4.6.4 has 10


async def check_iprev(ip: str, resolver: Resolver) -> Finding:
    """
    Look for the address's names, and for the address among the addresses of each.

    One that leads back is a pass, whatever became of the others.
    """
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address
    properties = (Property("policy", "iprev", str(address)),)
    names = await resolver.lookup(address.reverse_pointer, "PTR")
    if names.outcome is Outcome.FAILED:
        return Finding("iprev", TEMPERROR, properties, "DNS does not tell the address's name")
    if names.outcome is not Outcome.FOUND:
        return Finding("iprev", PERMERROR, properties, "the address has no name")
    failed = False
    for name in names.values[:_MOST_NAMES]:
        found = await resolver.lookup(name.decode(), "A" if address.version == 4 else "AAAA")
        if str(address).encode() in found.values:
            return Finding("iprev", PASS, properties)
        failed |= found.outcome is Outcome.FAILED
    if failed:
        return Finding("iprev", TEMPERROR, properties, "DNS does not tell the name's address")
    return Finding("iprev", FAIL, properties, "the name does not lead back to the address")
