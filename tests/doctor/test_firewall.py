"""A firewall's findings: the line is in the words of whoever has made the rule."""

import pytest

from gomail.doctor.finding import Told
from gomail.doctor.firewall import Firewall, examine_firewalls
from gomail.doctor.ruleset import Chain

INPUT = Chain("inet", "filter", "input")


@pytest.mark.parametrize(
    ("program", "chain", "line"),
    [
        ("nft", INPUT, "sudo nft insert rule inet filter input tcp dport 25 accept"),
        ("nft", Chain("inet", "firewalld", "filter_INPUT"), "sudo firewall-cmd --permanent"),
        ("iptables", Chain("ip", "filter", "INPUT"), "sudo iptables -I INPUT -p tcp --dport 25"),
        ("ip6tables-legacy", Chain("ip6", "filter", "INPUT"), "sudo ip6tables-legacy -I INPUT"),
        (
            "iptables",
            Chain("ip", "filter", "INPUT", rules=[[{"jump": {"target": "ufw-before-input"}}]]),
            "sudo ufw allow 25/tcp",
        ),
    ],
)
def test_line_opens_it(program: str, chain: Chain, line: str) -> None:
    """For that port."""
    [finding] = examine_firewalls([Firewall(4, ((program, chain),))], 25).findings
    assert finding.code == "firewall-ipv4"
    [told] = finding.lines
    assert told.startswith(line)


def test_what_cannot_be_seen_is_no_finding() -> None:
    """And neither is what depends on who comes."""
    told = examine_firewalls([Firewall(4, seen=False, sure=False), Firewall(6, sure=False)], 25)
    assert (told.findings, told.checked) == ((), ())
    assert [each.partition(":")[0] for each in told.unseen] == [
        "the local firewall for IPv4",
        "the local firewall for IPv6, since it depends on who comes",
    ]


def test_open_firewall_is_told_as_looked_at() -> None:
    """By the port that was meant."""
    told = examine_firewalls([Firewall(6)], 2525)
    assert told == Told(checked=("the local firewall for IPv6: port 2525 is open",))
