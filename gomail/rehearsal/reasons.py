"""Why the server answers as it does: each decision, with the setting that made it."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from ipaddress import ip_address
from typing import NamedTuple

from gomail.address import Address, comparable_domain, fold
from gomail.checks.policy import Policy
from gomail.checks.results import value
from gomail.config import Configuration
from gomail.envelope import Client
from gomail.events import Checked, Copy, Event, MessageStored, Refusal, Trouble
from gomail.explaining.catalogue import by_words
from gomail.finding import Finding
from gomail.recipients.directory import Directory, Entry
from gomail.recipients.mailbox import Destination
from gomail.server.lines import printable

_ACTIONS = {
    "none": "it is stored, and nothing is told of the result",
    "mark": "it is stored, with what was found in Authentication-Results",
    "junk": "it goes into .Junk",
    "defer": "it is refused for now",
    "refuse": "it is refused",
}


class Reason(NamedTuple):
    """
    One decision.

    Attributes:
        text: what was decided, and by what.
        settings: keys of the configuration that decide it, as TOML writes them.
    """

    text: str
    settings: tuple[str, ...] = ()


def of_client(client: Client, configuration: Configuration) -> Iterator[Reason]:
    """Tell what is thought of who comes, by an IP address."""
    address = ip_address(client.address or "")
    network = next((each for each in configuration.networks if address in each), None)
    if network is None:
        yield Reason(f"{address} is in no trusted network, so limits hold for it", ("trusted",))
        yield Reason(
            "this is its only session; how many it has at the running server is not known here",
            ("limits.sessions-per-address",),
        )
    else:
        text = f"{address} is in {network}: no limits per address, session or error hold for it"
        yield Reason(text, ("trusted",))


def of_recipient(
    directory: Directory, address: Address, found: Sequence[Destination]
) -> Iterator[Reason]:
    """Tell how a recipient became mailboxes."""
    entry = _entry(directory, address)
    for destination in found:
        text, key = _way(entry, address.local_part, destination)
        name = printable(destination.mailbox.name)
        yield Reason(f"{text}: the mailbox {name}", (f'domains."{entry.hosted.name}".{key}',))


def _entry(directory: Directory, address: Address) -> Entry:
    """Give what the directory has on a domain in which somebody was found."""
    if not address.domain:
        return next(iter(directory.entries.values()))
    return directory.entries[comparable_domain(address.domain)]


def _way(entry: Entry, local_part: str, destination: Destination) -> tuple[str, str]:
    """Tell by which way somebody was found, and the key of the domain that is behind it."""
    hosted = entry.hosted
    if not destination.aliased:
        if hosted.names is None:
            return "any local-part of the domain is taken", "mailboxes"
        if destination.folder:
            return "a sub-address, whose detail may name a folder", "subaddress-separator"
        return "a mailbox is called so", "mailboxes"
    name = fold(local_part)
    while name:
        if hosted.targets(name):
            key = f"aliases.{json.dumps(name)}" if name in hosted.configured else "mailboxes"
            return f"the alias {printable(name)}", key
        name = name.rpartition(hosted.separator)[0] if hosted.separator else ""
    if fold(local_part) in entry.roles:
        return "everybody has a postmaster (RFC 5321 §4.5.1, RFC 2142 §4)", "mailboxes"
    return "nobody is called so, and the catch-all takes what is left", "catch-all"


def of_events(events: Sequence[Event], policy: Policy, absent: frozenset[str]) -> Iterator[Reason]:
    """Tell what was decided while events were told."""
    rules = {event.rule for event in events if isinstance(event, Checked)}
    for event in events:
        match event:
            case Refusal():
                yield from _of_refusal(event, rules)
            case Checked():
                yield from _of_checks(event, policy)
            case MessageStored(copies=copies, bare_newlines=bare):
                if bare:
                    text = f"{bare} lines end with LF alone, which is stored as a line end"
                    yield Reason(text, ("listener.bare-newline",))
                yield from (_of_copy(copy, absent) for copy in copies)
            case Trouble(what):
                yield Reason(printable(what))


def _of_refusal(refusal: Refusal, rules: Collection[str]) -> Iterator[Reason]:
    """Tell why something is refused, unless that is by one of *rules*, of which it was told."""
    meaning = by_words(refusal.reply.text)
    if meaning is None or meaning.name not in rules:
        if refusal.reason:
            yield Reason(printable(refusal.reason))
        if meaning is not None:
            yield Reason(meaning.what, meaning.settings)


def of_domain(reasons: Iterable[Reason], address: Address | None) -> Iterator[Reason]:
    """Give reasons with the name of the recipient's domain where a setting is one of a domain's."""
    for text, settings in reasons:
        name = json.dumps(address.domain) if address is not None else "NAME"
        yield Reason(text, tuple(each.replace(".NAME.", f".{name}.") for each in settings))


def _of_checks(checked: Checked, policy: Policy) -> Iterator[Reason]:
    """Tell what was found out, and what the policy makes of it."""
    yield from (Reason(_finding(each)) for each in checked.findings)
    rule = checked.rule
    if rule:
        why = f"{rule}: {policy.meaning(rule)}: {_ACTIONS[checked.action]}"
        yield Reason(why, (_key(rule, policy),))
    else:
        yield Reason(f"no rule asks for more: {_ACTIONS[checked.action]}")
    for action, name in checked.shadows:
        yield Reason(f"in the shadow: {name}: else {_ACTIONS[action]}", ("policy.shadow",))


def _key(rule: str, policy: Policy) -> str:
    """Give the setting of a rule."""
    own = policy.meaning(rule).startswith("the check ")
    return f"policy.own.{rule.removesuffix('-fail')}" if own else f"policy.{rule}"


def _finding(finding: Finding) -> str:
    """Write what a check has found."""
    properties = [f"{kind}.{name}={value(text)}" for kind, name, text in finding.properties]
    reason = f"({finding.reason})" if finding.reason else ""
    return printable(
        " ".join(filter(None, (f"{finding.method}={finding.result}", reason, *properties)))
    )


def _of_copy(copy: Copy, absent: frozenset[str]) -> Reason:
    """Tell where a copy would lie."""
    folder = copy.path.rpartition("/new/")[0]
    made = ", which would be made" if folder in absent else ""
    text = f"a copy for {copy.mailbox} would lie in {folder}/new{made}"
    return Reason(printable(text), ("maildir",))
