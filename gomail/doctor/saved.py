"""Rules of iptables, as ``iptables-save`` writes them, in the form of nftables' (iptables(8))."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gomail.doctor.ruleset import Chain, Ruleset

_HOOKS = {"INPUT": "input", "PREROUTING": "prerouting"}
_TABLES = {"raw", "mangle", "filter"}  # that of addresses (nat) drops nothing
_VERDICTS = {"ACCEPT": "accept", "DROP": "drop", "REJECT": "reject", "RETURN": "return"}
_HARMLESS = {"LOG", "NFLOG", "ULOG", "MARK", "CONNMARK", "TOS", "DSCP", "TCPMSS", "CT", "NOTRACK"}
# Words that say which module is asked, or how it answers, and so decide nothing themselves.
_OF_NO_MATTER = {"-m", "--match", "--comment", "--reject-with", "--log-prefix", "--log-level"}
_VALUE, _UNKNOWN = 1, {"match": {"op": "==", "left": None, "right": None}}


def read_saved(text: str, family: int) -> Ruleset:
    """Read what was saved of a version of IP."""
    name = "ip" if family == 4 else "ip6"
    chains: dict[tuple[str, str, str], Chain] = {}
    table = ""
    for line in text.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":") and table in _TABLES:
            chain, policy, *_ = line[1:].split()
            key = (name, table, chain)
            chains[key] = Chain(*key, _HOOKS.get(chain, ""), policy.lower())
        elif line.startswith("-A ") and table in _TABLES:
            _, chain, *words = shlex.split(line)
            chains[name, table, chain].rules.append(list(_statements(words, name)))
    return Ruleset(chains)


def _statements(words: Sequence[str], family: str) -> Iterator[Mapping[str, Any]]:
    """Give the statements of one rule; what is not known here may hold or not."""
    rest, negated = list(words), False
    while rest:
        word = rest.pop(0)
        if word == "!":
            negated = True
            continue
        value = rest.pop(0) if rest and not rest[0].startswith("-") and rest[0] != "!" else ""
        if word in {"-j", "-g"}:
            yield from _target(word, value)
            return
        if word not in _OF_NO_MATTER:
            yield _match(word, value, "!=" if negated else "==", family)
        negated = False


def _match(word: str, value: str, op: str, family: str) -> Mapping[str, Any]:
    """Give a comparison."""
    if word in {"-p", "--protocol"}:
        return _compared(op, {"meta": {"key": "l4proto"}}, value)
    if word in {"--dport", "--dports", "--destination-port", "--destination-ports"}:
        left = {"payload": {"protocol": "th", "field": "dport"}}
        return _compared(op, left, {"set": [_ports(each) for each in value.split(",")]})
    if word in {"--ctstate", "--state"}:
        states = value.lower().split(",")
        return _compared(op, {"ct": {"key": "state"}}, {"set": states})
    if word in {"-i", "--in-interface"}:
        return _compared(op, {"meta": {"key": "iifname"}}, value)
    if word in {"-s", "-d", "--source", "--destination"}:
        field = "saddr" if word in {"-s", "--source"} else "daddr"
        address, _, length = value.partition("/")
        if not length.isdecimal():
            return _UNKNOWN
        right = {"prefix": {"addr": address, "len": int(length)}}
        return _compared(op, {"payload": {"protocol": family, "field": field}}, right)
    if word == "--dst-type":
        return _compared(op, {"fib": {"result": "type"}}, value.lower())
    if word in {"--syn", "--limit", "--limit-burst", "--tcp-flags"}:
        # A first packet has SYN alone; within a limit there is always one.
        return {"counter": None} if word != "--tcp-flags" else _UNKNOWN
    return _UNKNOWN


def _compared(op: str, left: object, right: object) -> Mapping[str, Any]:
    """Write a comparison as nftables has it."""
    return {"match": {"op": op, "left": left, "right": right}}


def _ports(text: str) -> object:
    """Read a port, or a range of them; a name is that of no port that is asked for."""
    first, colon, last = text.partition(":")
    if colon:
        return {"range": [int(first or 0), int(last or 65535)]}
    return 25 if text == "smtp" else int(text) if text.isdecimal() else text


def _target(word: str, name: str) -> Iterator[Mapping[str, Any]]:
    """Give what a rule does."""
    if name in _VERDICTS:
        yield {_VERDICTS[name]: None}
    elif name in _HARMLESS:
        yield {"counter": None}
    elif name.isupper() and name in {"QUEUE", "NFQUEUE", "TPROXY", "SYNPROXY"}:
        yield {"queue": None}
    elif name:
        yield {"jump" if word == "-j" else "goto": {"target": name}}
