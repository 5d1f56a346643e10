"""
What a firewall does with a stranger's first packet, by nftables' rules as ``nft -j`` has them.

The packet is known in part: that it is TCP, new, by which version of IP, to which port, of this
machine, and that it comes from anywhere and not by the loopback interface. Where a rule asks for
something else, both answers are followed, so what is told as closed is closed to everybody, and
nothing is told where it depends (libnftables-json(5)).
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any

_TRANSLATING = frozenset({"dnat", "redirect"})
_HOOKS = ("prerouting", "input")
_DEPTH = 16  # the kernel follows as many jumps (NFT_JUMP_STACK_SIZE)
_NEXT, _ACCEPTED, _DROPPED, _UNKNOWN = "next", "accept", "drop", "unknown"
_TERMINAL = {"accept": _ACCEPTED, "drop": _DROPPED, "reject": _DROPPED}
# What changes nothing about where a packet goes.
_PASSING = {"counter", "log", "comment", "notrack", "mangle", "set", "meter", "ct helper", "limit"}
_MAYBE = None


@dataclass(frozen=True, slots=True)
class Packet:
    """
    A stranger's first packet.

    Attributes:
        family: the version of IP.
        port: where it goes.
        addresses: this machine's, to one of which it goes.
    """

    family: int
    port: int
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chain:
    """A chain of rules: where it is, and what it does with what is left."""

    family: str
    table: str
    name: str
    hook: str = ""
    policy: str = "accept"
    rules: list[Sequence[Mapping[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ruleset:
    """
    All chains, and the named sets that rules look into.

    Attributes:
        chains: by family, table and name.
        sets: their elements, by the same; None where they are more than a list.
    """

    chains: Mapping[tuple[str, str, str], Chain]
    sets: Mapping[tuple[str, str, str], Sequence[Any]] = field(default_factory=dict)

    def without(self, tables: Container[tuple[str, str]]) -> "Ruleset":
        """Give the rules of all other tables, which are given by family and name."""
        kept = {key: each for key, each in self.chains.items() if key[:2] not in tables}
        return Ruleset(kept, self.sets)

    @property
    def translates(self) -> bool:
        """Whether a rule may have a packet go to another port or address."""
        rules = (rule for chain in self.chains.values() for rule in chain.rules)
        return any(not _TRANSLATING.isdisjoint(each) for rule in rules for each in rule)

    def closed_by(self, packet: Packet) -> tuple[tuple[Chain, ...], bool]:
        """Give the chains that let no such packet in, and whether that is sure of all others."""
        families = {"inet", "ip" if packet.family == 4 else "ip6"}
        closing, sure = [], True
        for chain in self.chains.values():
            if chain.hook in _HOOKS and chain.family in families:
                ends = _Walk(self, packet).ends(chain)
                closing += [chain] if ends == {_DROPPED} else []
                sure = sure and ends == {_ACCEPTED}
        return tuple(closing), sure or bool(closing)


def read_ruleset(objects: Iterable[Mapping[str, Any]]) -> Ruleset:
    """Read what ``nft -j list ruleset`` has in its list."""
    chains: dict[tuple[str, str, str], Chain] = {}
    sets: dict[tuple[str, str, str], Sequence[Any]] = {}
    for each in objects:
        for kind, value in each.items():
            if kind == "chain":
                key = (value["family"], value["table"], value["name"])
                chains[key] = Chain(*key, value.get("hook", ""), value.get("policy", "accept"))
            elif kind == "rule":
                chain = chains.get((value["family"], value["table"], value["chain"]))
                if chain is not None:
                    chain.rules.append(value.get("expr", []))
            elif kind in {"set", "map"}:
                key = (value["family"], value["table"], value["name"])
                sets[key] = value.get("elem", [])
    return Ruleset(chains, sets)


class _Walk:
    """A packet's ways through a chain; each end that it may come to is followed."""

    def __init__(self, ruleset: Ruleset, packet: Packet) -> None:
        self._ruleset = ruleset
        self._packet = packet
        self._chain = ("", "")

    def ends(self, chain: Chain) -> set[str]:
        """Give all that may become of it in a base chain."""
        self._chain = (chain.family, chain.table)
        found = self._through(chain, 0)
        if _NEXT in found:
            policy = _DROPPED if chain.policy == "drop" else _ACCEPTED
            found = found - {_NEXT} | {policy}
        return found

    def _through(self, chain: Chain, depth: int) -> set[str]:
        """Follow the rules of a chain; what comes to its end goes on behind it."""
        if depth > _DEPTH:
            return {_UNKNOWN}
        ends: set[str] = set()
        for rule in chain.rules:
            here = self._rule(rule, depth)
            ends |= here - {_NEXT, "return"}
            if "return" in here:
                ends.add(_NEXT)
            if _NEXT not in here:
                return ends
        return ends | {_NEXT}

    def _rule(self, statements: Sequence[Mapping[str, Any]], depth: int) -> set[str]:
        """Give what may become of a packet by one rule."""
        sure = True
        for statement in statements:
            for kind, value in statement.items():
                if kind == "match":
                    matched = self._matches(value)
                    if matched is False:
                        return {_NEXT}
                    sure = sure and matched is True
                elif kind == "limit" and value.get("inv"):
                    return {_NEXT}  # for what is beyond it
                elif kind not in _PASSING:
                    ends = self._verdict(kind, value, depth)
                    return ends if sure else ends | {_NEXT}
        return {_NEXT}

    def _verdict(self, kind: str, value: Any, depth: int) -> set[str]:  # noqa: ANN401 -- JSON
        """Give what a statement does that ends a rule."""
        if kind in _TERMINAL:
            return {_TERMINAL[kind]}
        if kind == "return":
            return {"return"}
        if kind in {"jump", "goto"}:
            chain = self._ruleset.chains.get((*self._chain, value["target"]))
            ends = {_UNKNOWN} if chain is None else self._through(chain, depth + 1)
            if kind == "goto" and _NEXT in ends:
                ends = ends - {_NEXT} | {"return"}
            return ends
        if kind == "vmap":
            return self._mapped(value, depth)
        return {_UNKNOWN, _NEXT}

    def _mapped(self, value: Mapping[str, Any], depth: int) -> set[str]:
        """Give what a map of verdicts does."""
        ends: set[str] = set()
        for key, verdict in self._elements(value["data"]):
            matched = self._matches({"op": "==", "left": value["key"], "right": key})
            if matched is not False:
                [(kind, target)] = verdict.items()
                ends |= self._verdict(kind, target, depth)
            if matched is True:
                return ends
        return ends | {_NEXT}

    def _elements(self, right: Any) -> Sequence[Any]:  # noqa: ANN401 -- JSON
        """Give the elements of a set, named or not."""
        if isinstance(right, str) and right.startswith("@"):
            return self._ruleset.sets.get((*self._chain, right[1:]), [])
        if isinstance(right, Mapping) and "set" in right:
            found = right["set"]
            return found if isinstance(found, list) else [found]
        return [right]

    def _matches(self, match: Mapping[str, Any]) -> bool | None:
        """Tell whether a comparison holds for the packet; None where it may or may not."""
        known = self._known(match["left"])
        if known is None:
            return _MAYBE
        if not known:  # a field of another protocol
            return False
        answers = {
            _among(each, right) for right in self._elements(match["right"]) for each in known
        }
        holds = True if answers == {True} or (len(known) == 1 and True in answers) else None
        if answers <= {False}:
            holds = False
        if match.get("op") == "!=" and holds is not None:
            return not holds
        return holds if match.get("op") in {"==", "!=", "in"} else _MAYBE

    def _known(self, left: Any) -> tuple[object, ...] | None:  # noqa: ANN401 -- JSON
        """Give what is known of the packet's field; several where it may be any of them."""
        if not isinstance(left, Mapping):
            return None
        (kind, value), *_ = left.items()
        if kind == "payload":
            return self._payload(value.get("protocol"), value.get("field"))
        if kind == "meta":
            return self._meta(value.get("key"))
        if kind == "ct" and value.get("key") == "state":
            return ("new",)
        if kind == "ct" and value.get("key") == "status" and not self._ruleset.translates:
            return ("none",)  # of a first packet, whose address nobody has changed
        if kind == "fib" and value.get("result") == "type":
            return ("local",)
        return None

    def _payload(self, protocol: str | None, field: str | None) -> tuple[object, ...] | None:
        """Give what is known of the packet's octets; nothing of a protocol that it is not."""
        own = "ip" if self._packet.family == 4 else "ip6"
        if protocol in {"tcp", "th"}:
            return (self._packet.port,) if field == "dport" else None
        if protocol != own:
            return ()
        if field in {"protocol", "nexthdr"}:
            return ("tcp",)
        if field == "saddr":
            return ("anybody",)
        return self._packet.addresses or None if field == "daddr" else None

    def _meta(self, key: str) -> tuple[object, ...] | None:
        """Give what is known beside the packet's octets."""
        return {
            "l4proto": ("tcp",),
            "nfproto": ("ipv4" if self._packet.family == 4 else "ipv6",),
            "protocol": ("ip" if self._packet.family == 4 else "ip6",),
            "iifname": ("outside",),
            "iif": ("outside",),
            "iiftype": ("ether",),
            "pkttype": ("host",),
        }.get(key)


def _among(known: object, right: Any) -> bool | None:  # noqa: ANN401 -- JSON
    """Tell whether a value is what a rule asks for; a stranger has no address in particular."""
    if isinstance(right, Mapping):
        if "elem" in right:
            return _among(known, right["elem"].get("val"))
        if "range" in right:
            low, high = right["range"]
            if isinstance(known, int) and isinstance(low, int):
                return bool(low <= known <= high)
            return False if known == "anybody" else _MAYBE
        if "prefix" in right:
            return _in_network(known, f"{right['prefix']['addr']}/{right['prefix']['len']}")
        if "set" in right:
            answers = {_among(known, each) for each in right["set"]}
            return True if True in answers else (None if None in answers else False)
        return _MAYBE
    if isinstance(right, str) and right.startswith("@"):
        return _MAYBE
    if isinstance(right, list):
        answers = {_among(known, each) for each in right}
        return True if True in answers else (None if None in answers else False)
    if known == "outside":
        return False if right == "lo" else _MAYBE
    return bool(known == right)


def _in_network(known: object, network: str) -> bool | None:
    """Tell whether an address is in a network; a stranger's is in that of everybody alone."""
    found = ip_network(network, strict=False)
    if known == "anybody":
        return found.prefixlen == 0
    return ip_address(str(known)) in found
