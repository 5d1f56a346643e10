"""The records that are proposed, read as a name server would."""

import dns.rdatatype
import dns.zone

from gomail.domain.proposal import propose, zone_file

RECORDS = propose(
    "a.example", "mx.a.example", ["5.9.1.1", "2a01:4f8::1"], "joe@a.example", ["2a01:4f8::2"]
)
TEXT = "\n".join(zone_file(RECORDS))


def kinds(text: str) -> set[tuple[str, str]]:
    """Give the names and kinds of the records in a zone file."""
    zone = dns.zone.from_text(text, "a.example.", relativize=False, check_origin=False)
    return {
        (str(name), dns.rdatatype.to_text(each.rdtype)) for name, each in zone.iterate_rdatasets()
    }


NEEDED = {("a.example.", "MX"), ("mx.a.example.", "A"), ("mx.a.example.", "AAAA")}


def test_zone_file_is_one() -> None:
    """With what is needed; the rest is a comment."""
    assert kinds(TEXT) == NEEDED
    assert "2a01:4f8::2" in TEXT


def test_what_is_optional_is_right_where_it_is_wanted() -> None:
    """Each comment can be made a record by taking its mark away."""
    lines = [line.removeprefix("; ") for line in TEXT.splitlines()]
    records = [line for line in lines if " IN " in line and "THE-SHA" not in line]
    assert kinds("\n".join(records)) == NEEDED | {
        ("a.example.", "TXT"),
        ("_dmarc.a.example.", "TXT"),
        ("_smtp._tls.a.example.", "TXT"),
        ("_mta-sts.a.example.", "TXT"),
        ("mx.a.example.", "CAA"),
    }


def test_records_are_plain_for_programs() -> None:
    """With whether they are needed."""
    first, *_, last = [each.plain() for each in RECORDS]
    assert first["type"] == "MX"
    assert first["value"] == "10 mx.a.example."
    assert not first["optional"]
    assert (last["type"], last["optional"]) == ("TLSA", True)
