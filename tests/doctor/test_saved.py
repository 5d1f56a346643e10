"""Rules of iptables, followed like nftables'."""

import pytest

from gomail.doctor.ruleset import Packet
from gomail.doctor.saved import read_saved

OPEN, CLOSED, UNSURE = (False, True), (True, True), (False, False)
# As Ubuntu's images at Oracle have them.
ORACLE = """\
-A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT
-A INPUT -p icmp -j ACCEPT
-A INPUT -i lo -j ACCEPT
-A INPUT -p tcp -m state --state NEW -m tcp --dport 22 -j ACCEPT
-A INPUT -j REJECT --reject-with icmp-host-prohibited
"""
UFW = """\
:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
:ufw-not-local - [0:0]
:ufw-logging-deny - [0:0]
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -m conntrack --ctstate INVALID -j ufw-logging-deny
-A ufw-before-input -m conntrack --ctstate INVALID -j DROP
-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT
-A ufw-before-input -j ufw-not-local
-A ufw-before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT
-A ufw-before-input -j ufw-user-input
-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN
-A ufw-not-local -m addrtype --dst-type MULTICAST -j RETURN
-A ufw-not-local -m limit --limit 3/min --limit-burst 10 -j ufw-logging-deny
-A ufw-not-local -j DROP
-A ufw-logging-deny -m limit --limit 3/min --limit-burst 10 -j LOG --log-prefix "[UFW BLOCK] "
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
"""
ALLOWED = "-A ufw-user-input -p tcp -m tcp --dport 25 -j ACCEPT\n"


def outcome(rules: str, policy: str = "ACCEPT", family: int = 4) -> tuple[bool, bool]:
    """Tell whether the chain is closed, and whether the answer is sure."""
    text = f"*nat\n:INPUT DROP [0:0]\nCOMMIT\n*filter\n:INPUT {policy} [0:0]\n{rules}COMMIT\n"
    ips = ("5.9.1.1", "2a01:4f8::1")
    mine = tuple(each for each in ips if (":" in each) == (family == 6))
    closing, sure = read_saved(text, family).closed_by(Packet(family, 25, mine))
    return bool(closing), sure


@pytest.mark.parametrize(
    ("rules", "policy", "expected"),
    [
        ("", "ACCEPT", OPEN),
        ("", "DROP", CLOSED),
        ("-A INPUT -p tcp -m tcp --dport 25 -j DROP\n", "ACCEPT", CLOSED),
        ("-A INPUT -p tcp -m tcp --dport 20:30 -j DROP\n", "ACCEPT", CLOSED),
        ("-A INPUT -p tcp -m multiport --dports 22,25,80 -j ACCEPT\n", "DROP", OPEN),
        ("-A INPUT -p udp -m udp --dport 25 -j ACCEPT\n", "DROP", CLOSED),
        ("-A INPUT ! -i lo -j DROP\n", "ACCEPT", CLOSED),
        ("-A INPUT -i eth0 -p tcp --dport 25 -j ACCEPT\n", "DROP", UNSURE),
        ("-A INPUT -s 192.0.2.0/24 -j DROP\n", "ACCEPT", OPEN),
        ("-A INPUT ! -s 192.0.2.0/24 -j DROP\n", "ACCEPT", CLOSED),
        ("-A INPUT -d 5.9.1.1/32 -p tcp --dport 25 -j ACCEPT\n", "DROP", OPEN),
        ("-A INPUT -p tcp -m tcp --tcp-flags SYN SYN -j DROP\n", "ACCEPT", UNSURE),
        ("-A INPUT -p tcp -m tcp --syn -j DROP\n", "ACCEPT", CLOSED),
        ("-A INPUT -m set --match-set bad src -j DROP\n", "ACCEPT", UNSURE),
        ('-A INPUT -m comment --comment "not -j ACCEPT" -j DROP\n', "ACCEPT", CLOSED),
        ("-A INPUT -j NFQUEUE --queue-num 1\n", "ACCEPT", UNSURE),
        ("-A INPUT -j LOG\n", "DROP", CLOSED),
        (":f2b - [0:0]\n-A INPUT -g f2b\n-A f2b -j RETURN\n-A INPUT -j DROP\n", "ACCEPT", OPEN),
        (ORACLE, "ACCEPT", CLOSED),
        (UFW, "DROP", CLOSED),
        (UFW + ALLOWED, "DROP", OPEN),
    ],
)
def test_rules_are_followed(rules: str, policy: str, expected: tuple[bool, bool]) -> None:
    """As iptables-save writes them; addresses are translated by a table that drops nothing."""
    assert outcome(rules, policy) == expected


def test_family_is_the_programs() -> None:
    """Those of ip6tables say nothing of IPv4."""
    assert outcome("-A INPUT -s ::/0 -p tcp --dport 25 -j DROP\n", family=6) == CLOSED
    ruleset = read_saved("*filter\n:INPUT DROP [0:0]\nCOMMIT\n", 6)
    assert ruleset.closed_by(Packet(4, 25)) == ((), True)
