"""What a firewall does with a stranger: rules as nft writes them, followed as the kernel does."""

from typing import Any

import pytest

from gomail.doctor.ruleset import Packet, read_ruleset

DPORT = {"payload": {"protocol": "tcp", "field": "dport"}}
SADDR = {"payload": {"protocol": "ip", "field": "saddr"}}
DADDR = {"payload": {"protocol": "ip", "field": "daddr"}}
STATE = {"ct": {"key": "state"}}
NAME = {"family": "inet", "table": "t"}
OPEN, CLOSED, UNSURE = (False, True), (True, True), (False, False)


def match(left: object, right: object, op: str = "==") -> dict[str, Any]:
    """Write a comparison."""
    return {"match": {"op": op, "left": left, "right": right}}


STATUS = match({"ct": {"key": "status"}}, "dnat", "in")
DNAT = {"dnat": {"addr": "10.0.0.2"}}
DROP, ACCEPT = {"drop": None}, {"accept": None}
SMTP = match(DPORT, 25)


def rule(*statements: object, chain: str = "input") -> dict[str, Any]:
    """Write a rule."""
    return {"rule": {**NAME, "chain": chain, "expr": list(statements)}}


def chain(name: str = "input", **words: object) -> dict[str, Any]:
    """Write a chain."""
    return {"chain": {**NAME, "name": name, **words}}


def base(policy: str = "accept", hook: str = "input", name: str = "input") -> dict[str, Any]:
    """Write a chain that packets come to."""
    return chain(name, hook=hook, prio=0, policy=policy)


def outcome(*objects: dict[str, Any], family: int = 4, ips: tuple[str, ...] = ()) -> object:
    """Tell whether some chain is closed, and whether the answer is sure."""
    closing, sure = read_ruleset(objects).closed_by(Packet(family, 25, ips))
    return bool(closing), sure


ELSEWHERE = {"prefix": {"addr": "192.0.2.0", "len": 24}}
EVERYWHERE = {"prefix": {"addr": "0.0.0.0", "len": 0}}
MAPPED = {"key": STATE, "data": {"set": [["established", ACCEPT], ["new", DROP]]}}
TABLE = [
    ("nothing", [], OPEN),
    ("policy accept", [base()], OPEN),
    ("policy drop", [base("drop")], CLOSED),
    ("port dropped", [base(), rule(SMTP, DROP)], CLOSED),
    ("port rejected", [base(), rule(SMTP, {"reject": {"type": "tcp reset"}})], CLOSED),
    ("port accepted first", [base(), rule(SMTP, ACCEPT), rule(SMTP, DROP)], OPEN),
    ("translated, where nobody does", [base("drop"), rule(STATUS, ACCEPT)], CLOSED),
    (
        "translated, where somebody does",
        [base("drop"), rule(STATUS, ACCEPT), chain("nat"), rule(SMTP, DNAT, chain="nat")],
        UNSURE,
    ),
    ("another port", [base(), rule(match(DPORT, 587), DROP)], OPEN),
    ("a range", [base(), rule(match(DPORT, {"range": [20, 30]}), DROP)], CLOSED),
    ("beyond a range", [base(), rule(match(DPORT, {"range": [26, 30]}), DROP)], OPEN),
    ("a set", [base(), rule(match(DPORT, {"set": [22, 25]}), DROP)], CLOSED),
    ("none of a set", [base("drop"), rule(match(DPORT, {"set": [22]}, "!="), ACCEPT)], OPEN),
    (
        "udp",
        [base(), rule(match({"payload": {"protocol": "udp", "field": "dport"}}, 25), DROP)],
        OPEN,
    ),
    (
        "established",
        [base("drop"), rule(match(STATE, ["established", "related"], "in"), ACCEPT)],
        CLOSED,
    ),
    ("new", [base("drop"), rule(match(STATE, "new", "in"), ACCEPT)], OPEN),
    ("loopback", [base("drop"), rule(match({"meta": {"key": "iifname"}}, "lo"), ACCEPT)], CLOSED),
    (
        "an interface",
        [base("drop"), rule(match({"meta": {"key": "iifname"}}, "eth0"), ACCEPT)],
        UNSURE,
    ),
    ("some strangers", [base(), rule(match(SADDR, ELSEWHERE), DROP)], OPEN),
    ("all strangers", [base(), rule(match(SADDR, EVERYWHERE), SMTP, DROP)], CLOSED),
    ("all but some", [base(), rule(match(SADDR, ELSEWHERE, "!="), DROP)], CLOSED),
    (
        "a named set",
        [
            base(),
            {"set": {**NAME, "name": "bad", "elem": [ELSEWHERE]}},
            rule(match(SADDR, "@bad"), DROP),
        ],
        OPEN,
    ),
    (
        "protocol tcp",
        [base("drop"), rule(match({"meta": {"key": "l4proto"}}, "tcp"), ACCEPT)],
        OPEN,
    ),
    ("a mark", [base("drop"), rule(match({"meta": {"key": "mark"}}, 7), ACCEPT)], UNSURE),
    (
        "a mark that changes nothing",
        [base("drop"), rule(match({"meta": {"key": "mark"}}, 7), DROP)],
        CLOSED,
    ),
    ("within a limit", [base("drop"), rule(SMTP, {"limit": {"rate": 9}}, ACCEPT)], OPEN),
    ("beyond a limit", [base(), rule(SMTP, {"limit": {"rate": 9, "inv": True}}, DROP)], OPEN),
    ("counted and logged", [base(), rule(SMTP, {"counter": None}, {"log": None}, DROP)], CLOSED),
    ("a queue", [base(), rule({"queue": None})], UNSURE),
    ("a map", [base(), rule({"vmap": MAPPED})], CLOSED),
    (
        "a jump",
        [base(), chain("in"), rule({"jump": {"target": "in"}}), rule(DROP, chain="in")],
        CLOSED,
    ),
    (
        "a jump back",
        [
            base(),
            chain("in"),
            rule({"jump": {"target": "in"}}),
            rule(DROP),
            rule({"return": None}, chain="in"),
            rule(ACCEPT, chain="in"),
        ],
        CLOSED,
    ),
    ("gone for good", [base(), chain("in"), rule({"goto": {"target": "in"}}), rule(DROP)], OPEN),
    ("nowhere", [base(), rule({"jump": {"target": "gone"}})], UNSURE),
    (
        "round and round",
        [
            base(),
            chain("a"),
            rule({"jump": {"target": "a"}}),
            rule({"jump": {"target": "a"}}, chain="a"),
        ],
        UNSURE,
    ),
    ("before", [base("drop", "prerouting")], CLOSED),
    ("forwarded", [base("drop", "forward")], OPEN),
    ("open and closed", [base(name="a"), base("drop", name="b")], CLOSED),
]


@pytest.mark.parametrize(
    ("objects", "expected"), [each[1:] for each in TABLE], ids=[each[0] for each in TABLE]
)
def test_rules_are_followed(objects: list[dict[str, Any]], expected: tuple[bool, bool]) -> None:
    """To each end that a stranger's packet may come to."""
    assert outcome(*objects) == expected


def test_family_is_told_apart() -> None:
    """By the table's, by a rule's, and by fields of the other protocol."""
    other = [
        {
            "chain": {
                "family": "ip6",
                "table": "t",
                "name": "input",
                "hook": "input",
                "policy": "drop",
            }
        }
    ]
    assert (outcome(*other), outcome(*other, family=6)) == (OPEN, CLOSED)
    four = [base(), rule(match({"meta": {"key": "nfproto"}}, "ipv4"), DROP)]
    assert (outcome(*four), outcome(*four, family=6)) == (CLOSED, OPEN)
    strangers = [base(), rule(match(SADDR, ELSEWHERE, "!="), DROP)]
    assert (outcome(*strangers), outcome(*strangers, family=6)) == (CLOSED, OPEN)


def test_address_that_it_goes_to_counts_where_it_is_known() -> None:
    """Of a machine with several, the answer is sure only if it is that of all."""
    rules = [base(), rule(match(DADDR, "5.9.1.1"), DROP)]
    assert outcome(*rules) == UNSURE
    assert outcome(*rules, ips=("5.9.1.1",)) == CLOSED
    assert outcome(*rules, ips=("5.9.1.2",)) == OPEN
    assert outcome(*rules, ips=("5.9.1.1", "5.9.1.2")) == UNSURE
