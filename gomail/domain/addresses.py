"""What is wrong with the addresses of this server's name."""

from collections.abc import Callable, Iterator
from functools import partial

from gomail.domain.answers import View, exchangers
from gomail.domain.finding import Finding, Known, Severity, address_records, record
from gomail.domain.hosts import own_hosts
from gomail.domain.networks import (
    CLOUDFLARE_DATE,
    address_kind,
    is_private,
    is_proxied,
    is_shared,
)


def addresses(view: View, known: Known) -> Iterator[Finding]:
    """Find addresses at which no mail can come in."""
    hosts = own_hosts(view, known)
    if not exchangers(view.records(view.domain, "MX")):
        hosts = (view.domain,)
    for host in dict.fromkeys(hosts):
        there = (*view.records(host, "A"), *view.records(host, "AAAA"))
        for ips, told in _kinds(there, known):
            if ips:
                yield told(host, known, ips)


_Told = Callable[[str, Known, tuple[str, ...]], Finding]


def _kinds(there: tuple[str, ...], known: Known) -> Iterator[tuple[tuple[str, ...], _Told]]:
    """Sort what is wrong; an address has one fault."""
    shared = tuple(filter(is_shared, there))
    private = tuple(ip for ip in there if is_private(ip) and ip not in shared)
    proxied = tuple(filter(is_proxied, there))
    rest = [ip for ip in there if ip not in {*shared, *private, *proxied}]
    yield shared, _shared
    yield private, _private
    yield proxied, _proxied
    if known.ipv6 is False:
        yield tuple(ip for ip in rest if ":" in ip), partial(_unserved, "ipv6")
    if known.ipv4 is False:
        yield tuple(ip for ip in rest if ":" not in ip), partial(_unserved, "ipv4")


def _shared(host: str, known: Known, ips: tuple[str, ...]) -> Finding:
    return Finding(
        "address-cgnat",
        Severity.ERROR,
        f"{host} has an address that a provider shares out among its customers (100.64.0.0/10, "
        "RFC 6598): nobody can connect to it",
        tuple(f"{host} A {each}" for each in ips),
        "ask the provider for a public IPv4 address, use a stable IPv6 address, or a server "
        "elsewhere:",
        address_records(host, known),
    )


def _private(host: str, known: Known, ips: tuple[str, ...]) -> Finding:
    return Finding(
        "address-private",
        Severity.ERROR,
        f"{host} has an address that only its own network can reach",
        tuple(f"{host} {address_kind(each)} {each}" for each in ips),
        "name the public address, and have the router pass port 25 on to the private one:",
        address_records(host, known),
    )


def _proxied(host: str, known: Known, ips: tuple[str, ...]) -> Finding:
    return Finding(
        "address-proxied",
        Severity.ERROR,
        f"{host} is behind Cloudflare's web proxy, which passes no mail on",
        tuple(
            f"{host} {address_kind(each)} {each} is Cloudflare's (its list of {CLOUDFLARE_DATE})"
            for each in ips
        ),
        "in Cloudflare's console set this record to “DNS only”, so that it is:",
        address_records(host, known),
    )


def _unserved(family: str, host: str, _: Known, ips: tuple[str, ...]) -> Finding:
    name = {"ipv6": "IPv6", "ipv4": "IPv4"}[family]
    return Finding(
        f"{family}-unserved",
        Severity.WARNING,
        f"{host} has an {name} address, and the configuration has no listener on {name}; senders "
        "try it in vain, and some leave it at that",
        tuple(f"{host} {address_kind(each)} {each}" for each in ips),
        'listen there, too (endpoint = "tcp:25" is IPv6 and IPv4), or remove:',
        tuple(record(host, address_kind(each), each) for each in ips),
    )
