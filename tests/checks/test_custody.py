"""Whose word counts for a message that was passed on: nobody's, but of those who are trusted."""

import pytest

from gomail.checks.dns.zone import Zone
from gomail.checks.opinion import Opinion
from gomail.finding import Finding
from tests.checks.panels import House
from tests.checks.sealing import KEY, SEALER, sealed
from tests.checks.signing import BODY, HEADER, record, rsa

ZONE = Zone(f"""
_dmarc.example.org.  TXT "v=DMARC1; p=reject"
{KEY}.               TXT "{record(rsa())}"
""")
MESSAGE = HEADER + b"\n" + BODY
PASSED = "spf=fail; dmarc=pass header.from=example.org"


def opinion(message: bytes, *trusted: str) -> Opinion:
    """Give what is thought of a message that a list passes on."""
    house = House(ZONE)
    house.panel.sealers = trusted
    house.read(house.begin("198.51.100.1"), message)
    [opinion] = house.opinions
    return opinion


def of_dmarc(opinion: Opinion) -> Finding:
    """Give what is thought of the author."""
    return opinion.findings[-1]


@pytest.mark.parametrize("trusted", [SEALER, SEALER.partition(".")[2]])
@pytest.mark.parametrize(
    "said",
    [
        PASSED,
        "dmarc=pass",
        "spf=none; DMARC / 1 = Pass (p=reject (sp=none)) header.from=example.org",
        'dkim=fail reason="; dmarc=fail"; dmarc=pass',
    ],
)
def test_trusted_sealer_vouches(said: str, trusted: str) -> None:
    """It fails all the same, as it does, but the author's domain asks for nothing any more."""
    found = opinion(sealed(MESSAGE, 1, said=said), trusted)
    assert of_dmarc(found).result == "fail"
    assert of_dmarc(found).reason.endswith("say trusted ARC sealers")
    assert found.asked == "none"


@pytest.mark.parametrize(
    ("said", "trusted"),
    [
        (PASSED, ()),
        (PASSED, ("example.com", f"x.{SEALER}")),
        ("dmarc=fail", (SEALER,)),
        ("spf=pass", (SEALER,)),
        ("dmarc=pass; dmarc=fail", (SEALER,)),
        ("spf=pass (; dmarc=pass)", (SEALER,)),
        ('spf=fail reason="; dmarc=pass"', (SEALER,)),
        ("x-dmarc=pass", (SEALER,)),
    ],
)
def test_p6_others_do_not(said: str, trusted: tuple[str, ...]) -> None:
    """Nor does one who is trusted where he has seen no pass."""
    found = opinion(sealed(MESSAGE, 1, said=said), *trusted)
    assert found.asked == "reject"
    assert "ARC" not in of_dmarc(found).reason


def test_p6_all_sealers_have_to_be_trusted() -> None:
    """The first one's word went through the hands of the others."""
    twice = sealed(sealed(MESSAGE, 1, said=PASSED, d="other.example"), 2, said="arc=pass")
    assert opinion(twice, SEALER).asked == "reject"
    both = sealed(sealed(MESSAGE, 1, said=PASSED), 2, said="arc=pass; dmarc=fail")
    assert opinion(both, SEALER).asked == "none"


def test_p6_broken_chain_vouches_for_nobody() -> None:
    """Whoever is named in it."""
    broken = sealed(MESSAGE, 1, said=PASSED).replace(b"Dear Ann", b"Dear Bob")
    found = opinion(broken, SEALER)
    assert [each.result for each in found.findings if each.method == "arc"] == ["fail"]
    assert found.asked == "reject"


def test_message_without_a_chain_is_vouched_for_by_nobody() -> None:
    """Even if the world is trusted."""
    assert opinion(MESSAGE, "example").asked == "reject"
