"""The configuration written as TOML, so that reading it gives an equal one."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields

from gomail.limits import Limits
from gomail.recipients.domain import Domain
from gomail.settings.bounds import OCTETS
from gomail.settings.reading import key_of
from gomail.settings.units import write_size, write_time
from gomail.settings.values import TLS, Checks, Configuration, Listener, Metrics, Milter, Rules

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+\Z")


def render(configuration: Configuration) -> str:
    """Write all settings, defaults included."""
    return "\n".join(_lines(configuration)) + "\n"


def _lines(configuration: Configuration) -> Iterator[str]:
    """Write the settings of the top, then each table."""
    yield f"hostname = {_text(configuration.hostname)}"
    yield f"maildir = {_text(configuration.maildir)}"
    yield f"trusted = {_list(configuration.trusted)}"
    yield f"backup-mx = {_list(configuration.backup_mx)}"
    yield f"log-format = {_text(configuration.log_format)}"
    yield f"sync = {_text(configuration.sync)}"
    yield f"storing = {_text(configuration.storing)}"
    yield f"workers = {configuration.workers}"
    if configuration.state is not None:
        yield f"state = {_text(configuration.state)}"
    if configuration.control is not None:
        yield f"control = {_text(configuration.control)}"
    if configuration.group is not None:
        yield f"group = {_text(configuration.group)}"
    for listener in configuration.listeners:
        yield from _listener(listener)
    for name, domain in configuration.domains.items():
        yield from _domain(f"domains.{_key(name)}", domain)
    yield from _tls(configuration.tls)
    yield from _checks(configuration.checks)
    yield from _policy(configuration.policy)
    for milter in configuration.milters:
        yield from _milter(milter)
    yield from _metrics(configuration.metrics)
    yield from ("", "[limits]")
    for each in fields(Limits):
        yield f"{key_of(each.name)} = {_limit(each.name, getattr(configuration.limits, each.name))}"


def _listener(listener: Listener) -> Iterator[str]:
    """Write one listener."""
    yield from ("", "[[listener]]")
    yield f"endpoint = {_text(listener.endpoint)}"
    yield f"local = {'true' if listener.local else 'false'}"
    yield f"bare-newline = {_text(listener.bare_newline)}"
    yield f"tls = {_text(listener.tls)}"
    if listener.proxy:
        yield f"proxy = {_list(listener.proxy)}"


def _tls(tls: TLS) -> Iterator[str]:
    """Write what the encryption goes by."""
    yield from ("", "[tls]")
    if tls.certificate is not None and tls.key is not None:
        yield from (f"certificate = {_text(tls.certificate)}", f"key = {_text(tls.key)}")
    yield f"session-tickets = {'true' if tls.session_tickets else 'false'}"
    for each in tls.sni:
        yield "[[tls.sni]]"
        yield from (f"certificate = {_text(each.certificate)}", f"key = {_text(each.key)}")


def _checks(checks: Checks) -> Iterator[str]:
    """Write how it is found out who sent a message."""
    yield from ("", "[checks]")
    if checks.enabled is not None:
        yield f"enabled = {'true' if checks.enabled else 'false'}"
    if checks.resolvers:
        yield f"resolvers = {_list(checks.resolvers)}"
    if checks.authserv_id is not None:
        yield f"authserv-id = {_text(checks.authserv_id)}"
    yield f"arc-sealers = {_list(checks.arc_sealers)}"


def _policy(policy: Rules) -> Iterator[str]:
    """Write what becomes of messages."""
    yield from ("", "[policy]")
    for name, action in policy.actions.items():
        yield f"{_key(name)} = {_text(action.value)}"
    yield f"shadow = {_list(policy.shadow)}"
    if policy.own:
        yield "[policy.own]"
    for name, action in policy.own.items():
        yield f"{_key(name)} = {_text(action.value)}"


def _milter(milter: Milter) -> Iterator[str]:
    """Write one milter."""
    yield from ("", "[[milter]]")
    yield f"endpoint = {_text(milter.endpoint)}"
    yield f"on-failure = {_text(milter.on_failure)}"
    for name in ("connect_time", "command_time", "content_time"):
        yield f"{key_of(name)} = {_time(getattr(milter, name))}"
    if milter.junk_field is not None:
        yield f"junk-field = {_text(milter.junk_field)}"


def _metrics(metrics: Metrics) -> Iterator[str]:
    """Write what monitoring is told."""
    if metrics.listen is not None:
        yield from ("", "[metrics]", f"listen = {_text(metrics.listen)}")


def _domain(table: str, domain: Domain) -> Iterator[str]:
    """Write one domain."""
    yield from ("", f"[{table}]")
    if isinstance(domain.mailboxes, str):
        yield f"mailboxes = {_text(domain.mailboxes)}"
    elif domain.mailboxes is not None:
        yield f"mailboxes = {_list(domain.mailboxes)}"
    if domain.catch_all is not None:
        yield f"catch-all = {_text(domain.catch_all)}"
    yield f"subaddress-separator = {_text(domain.subaddress_separator)}"
    if domain.aliases:
        yield f"[{table}.aliases]"
    for name, targets in domain.aliases.items():
        yield f"{_key(name)} = {_list(targets)}"


def _limit(name: str, value: float) -> str:
    """Write a size or time with its unit, a number without."""
    if name in OCTETS:
        return _text(write_size(value))
    if Limits.__annotations__[name] is int:
        return str(value)
    return _time(value)


def _time(value: float) -> str:
    """Write a time with its unit, if it is one of whole seconds."""
    return _text(write_time(value)) if value == int(value) else repr(value)


def _list(texts: Iterable[str]) -> str:
    """Write a list."""
    return f"[{', '.join(map(_text, texts))}]"


def _key(text: str) -> str:
    """Write a key, quoted where it must be."""
    return text if _BARE_KEY.match(text) else _text(text)


def _text(text: str) -> str:
    """Write a basic string: as JSON has it, but for DEL, which TOML escapes, too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
