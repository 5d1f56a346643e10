"""The records that a domain needs for its mail, as a zone file; and those that help."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gomail.domain.networks import address_kind

TTL = 300  # seconds: while everything is new, a mistake is soon forgotten


@dataclass(frozen=True, slots=True)
class Proposal:
    """
    A record to add.

    Attributes:
        name: whose it is.
        kind: of record.
        value: as in a master file.
        why: what it is for.
        optional: whether mail comes without it.
    """

    name: str
    kind: str
    value: str
    why: str
    optional: bool = False

    def __str__(self) -> str:
        """Write it as in a master file."""
        return f"{self.name}. {TTL} IN {self.kind} {self.value}"

    def plain(self) -> dict[str, object]:
        """Give it as JSON has it."""
        return {
            "name": self.name,
            "ttl": TTL,
            "type": self.kind,
            "value": self.value,
            "why": self.why,
            "optional": self.optional,
        }


def propose(
    domain: str, host: str, addresses: Sequence[str], reports_to: str, maybe: Sequence[str] = ()
) -> tuple[Proposal, ...]:
    """
    Give the records of a domain, those that are needed first.

    Args:
        domain: what mail is for.
        host: the server's name.
        addresses: its public addresses.
        reports_to: an address for reports about encryption.
        maybe: addresses that may change, so that it is for their owner to say.
    """
    needed = [Proposal(domain, "MX", f"10 {host}.", "mail for the domain goes to this host")]
    needed += [Proposal(host, address_kind(ip), ip, "the host's address") for ip in addresses]
    stays = "if this address stays, as its network's prefix does"
    may = [Proposal(host, address_kind(ip), ip, stays, optional=True) for ip in maybe]
    return (*needed, *may, *_optional(domain, host, reports_to))


def _optional(domain: str, host: str, reports_to: str) -> Iterator[Proposal]:
    """Give those that help, and when."""
    nobody = "if nobody sends mail from this domain: whoever pretends to is found out"
    yield Proposal(domain, "TXT", '"v=spf1 -all"', nobody, optional=True)
    yield Proposal(f"_dmarc.{domain}", "TXT", '"v=DMARC1; p=reject"', nobody, optional=True)
    yield Proposal(
        f"_smtp._tls.{domain}",
        "TXT",
        f'"v=TLSRPTv1; rua=mailto:{reports_to}"',
        "senders report failures of encryption (RFC 8460), once a day",
        optional=True,
    )
    yield Proposal(
        f"_mta-sts.{domain}",
        "TXT",
        '"v=STSv1; id=1"',
        f"with a certificate that others vouch for, and a policy at https://mta-sts.{domain}/"
        ".well-known/mta-sts.txt (RFC 8461): senders insist on encryption",
        optional=True,
    )
    yield Proposal(
        host,
        "CAA",
        '0 issue "letsencrypt.org"',
        "if the host's certificates come from Let's Encrypt alone (RFC 8659)",
        optional=True,
    )
    yield Proposal(
        f"_25._tcp.{host}",
        "TLSA",
        "3 1 1 THE-SHA-256-OF-THE-PUBLIC-KEY",
        "if the zone is signed (DNSSEC): senders insist on this key (RFC 7672)",
        optional=True,
    )


def zone_file(proposals: Sequence[Proposal]) -> Iterator[str]:
    """Write records as a zone file, line by line; what is optional is a comment."""
    yield from (str(each) for each in proposals if not each.optional)
    why = None
    for each in proposals:
        if not each.optional:
            continue
        if each.why != why:
            yield ";"
            yield f"; optional, {each.why}:"
        why = each.why
        yield f"; {each}"
