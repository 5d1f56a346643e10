"""``gomail doctor`` before real firewalls: what keeps everybody out is found, and opened."""

from pathlib import Path

import pytest

from tests.interop.host import Machine, rules

pytestmark = [pytest.mark.interop, pytest.mark.needs_root]

DROPPING = "add rule inet t input {} tcp dport 25 drop"
CHAIN = "add chain inet t input {{ type filter hook input priority 0; policy {}; }}"
FIREWALLS = {
    "IPv4": ([CHAIN.format("accept"), DROPPING.format("meta nfproto ipv4")], {4}),
    "IPv6": ([CHAIN.format("accept"), DROPPING.format("meta nfproto ipv6")], {6}),
    "both": ([CHAIN.format("accept"), DROPPING.format("")], {4, 6}),
    "policy": (
        [
            CHAIN.format("drop"),
            "add rule inet t input iif lo accept",
            "add rule inet t input ct state established,related accept",
            "add rule inet t input meta l4proto { icmp, ipv6-icmp } accept",
            "add rule inet t input tcp dport { 22, 80, 443, 1000-2000 } accept",
        ],
        {4, 6},
    ),
}


@pytest.mark.parametrize("name", FIREWALLS)
def test_nftables_that_drop_are_found_for_each_family(machine: Machine, name: str) -> None:
    """With the line that opens it; where both are closed, nobody can connect."""
    lines, families = FIREWALLS[name]
    with rules(machine, lines):
        status, told = machine.ask()
        found = [each["code"] for each in told["findings"]]
        assert (status, found) == (1, [f"firewall-ipv{each}" for each in sorted(families)])
        verdict = "refuted here" if families == {4, 6} else "unknown"
        assert told["reachable"]["verdict"] == verdict
        [line] = told["findings"][0]["lines"]
        assert line == "sudo nft insert rule inet t input tcp dport 25 accept"
        machine.host.run("nft", line.removeprefix("sudo nft "))
        assert machine.codes() == []


def test_rules_that_let_mail_in_are_no_finding(machine: Machine) -> None:
    """A strict firewall with a hole, and a list of those who may not come."""
    with rules(
        machine,
        [
            CHAIN.format("drop"),
            "add rule inet t input iif lo accept",
            "add set inet t bad { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 }; }",
            "add rule inet t input ip saddr @bad drop",
            "add rule inet t input ct state vmap { established : accept, invalid : drop }",
            "add rule inet t input tcp dport 25 limit rate 1000/second accept",
        ],
    ):
        status, told = machine.ask()
        assert (status, told["findings"], told["unseen"]) == (0, [], [])


def test_rules_that_depend_are_told_as_unseen(machine: Machine) -> None:
    """Where only some may come, neither an alarm nor health is told."""
    local = "add rule inet t input iif lo accept"
    with rules(machine, [CHAIN.format("drop"), local, "add rule inet t input mark 7 accept"]):
        status, told = machine.ask()
        assert (status, told["findings"]) == (0, [])
        assert len([each for each in told["unseen"] if "depends on who comes" in each]) == 2


@pytest.mark.parametrize("program", ["iptables-legacy", "ip6tables-legacy", "iptables"])
def test_rules_of_iptables_are_found(machine: Machine, program: str) -> None:
    """Of the old kind and of the new one; the line mends it."""
    rule = [
        "-p",
        "tcp",
        "-m",
        "multiport",
        "--dports",
        "25,587",
        "-m",
        "conntrack",
        "--ctstate",
        "NEW",
        "-j",
        "REJECT",
    ]
    machine.host.run(program, "-A", "INPUT", *rule)
    try:
        status, told = machine.ask()
        [finding] = told["findings"]
        family = 6 if program.startswith("ip6") else 4
        assert (status, finding["code"]) == (1, f"firewall-ipv{family}")
        [line] = finding["lines"]
        assert line == f"sudo {program} -I INPUT -p tcp --dport 25 -j ACCEPT"
        machine.host.run(*line.split()[1:])
        assert machine.codes() == []
    finally:
        machine.host.run(program, "-F", "INPUT")


def test_lists_of_strangers_by_address_are_no_finding(machine: Machine) -> None:
    """What fail2ban does to one of them keeps out nobody else."""
    machine.host.run("iptables", "-N", "f2b")
    machine.host.run("iptables", "-A", "f2b", "-s", "192.0.2.7/32", "-j", "REJECT")
    machine.host.run("iptables", "-A", "f2b", "-j", "RETURN")
    machine.host.run("iptables", "-A", "INPUT", "-p", "tcp", "-j", "f2b")
    try:
        assert machine.codes() == []
    finally:
        machine.host.run("iptables", "-F")
        machine.host.run("iptables", "-X", "f2b")


def test_changes_are_told_alone(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since the last time that they were asked for; the first time there is nothing to compare."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    ask = ("--no-dns", "--changes")
    none = {"first": False, "new": [], "gone": [], "verdict": None}
    assert machine.ask(*ask)[1]["changes"] == {**none, "first": True}
    assert machine.ask(*ask)[1]["changes"] == none
    machine.configure(name="mail")
    assert machine.ask(*ask)[1]["changes"] == {**none, "new": ["hostname-local"]}
    machine.configure()
    with rules(machine, [CHAIN.format("accept"), DROPPING.format("")]):
        new = ["firewall-ipv4", "firewall-ipv6"]
        expected = {"new": new, "gone": ["hostname-local"], "verdict": "unknown"}
        assert machine.ask(*ask)[1]["changes"] == {**none, **expected}
    file = tmp_path / "gomail" / "doctor.json"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in file.parent.iterdir()] == [file.name]
