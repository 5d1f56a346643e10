"""What is wrong with a domain's records, and what to do; and what the local configuration knows."""

from dataclasses import dataclass
from enum import Enum

from cryptography.x509 import Certificate

from gomail.domain.networks import address_kind


class Severity(Enum):
    """How much it matters."""

    ERROR = "error"  # mail does not come
    WARNING = "warning"  # some of it does not, or later
    NOTE = "note"  # mail comes all the same


@dataclass(frozen=True, slots=True)
class Finding:
    """
    One thing that is wrong.

    Attributes:
        code: what is wrong, in a word that stays the same from version to version.
        severity: how much it matters.
        sentence: the same for people.
        evidence: who said what.
        remedy: what to do.
        records: what is to be in the zone then, as in a master file.
    """

    code: str
    severity: Severity
    sentence: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""
    records: tuple[str, ...] = ()

    def plain(self) -> dict[str, object]:
        """Give it as JSON has it."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "sentence": self.sentence,
            "evidence": list(self.evidence),
            "remedy": self.remedy,
            "records": list(self.records),
        }


@dataclass(frozen=True, slots=True)
class Known:
    """
    What is known of the server that the mail is for; without a configuration, nothing.

    Attributes:
        host: its host name; None where it is not known.
        ipv4: whether it listens on IPv4; None where that can't be told.
        ipv6: whether it listens on IPv6.
        chain: its certificate, and those that vouch for it; empty where it is not known.
        addresses: its public addresses, as far as they are known.
        backups: other hosts that keep mail for it, and that MX may name as well.
    """

    host: str | None = None
    ipv4: bool | None = None
    ipv6: bool | None = None
    chain: tuple[Certificate, ...] = ()
    addresses: tuple[str, ...] = ()
    backups: tuple[str, ...] = ()


NOTHING_KNOWN = Known()
TTL = 3600  # seconds, of the records that are proposed


def record(name: str, kind: str, value: str) -> str:
    """Write a record that is to be added, as in a master file."""
    return f"{name}. {TTL} IN {kind} {value}"


def exchanger(domain: str, known: Known) -> str:
    """Write the MX record that a domain should have."""
    return record(domain, "MX", f"10 {known.host or f'mx.{domain}'}.")


def address_records(host: str, known: Known) -> tuple[str, ...]:
    """Write the address records of a host; what is not known is said in capitals."""
    if not known.addresses:
        return (record(host, "A", "THE-PUBLIC-ADDRESS-OF-THE-SERVER"),)
    return tuple(record(host, address_kind(each), each) for each in known.addresses)
