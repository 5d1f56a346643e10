"""
A TOML table read into a `Configuration`: which keys there are, and what each may be.

Every mistake is found, not the first alone, and each is told as a `Mistake` that names its key.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from typing import Any

import cattrs
from cattrs import AttributeValidationNote, IterableValidationNote
from cattrs.gen import make_dict_structure_fn, override

from gomail.certificates.wanted import Files
from gomail.limits import Limits
from gomail.recipients.domain import Domain, read_domain, read_separator
from gomail.recipients.mistake import Key, Mistake
from gomail.recipients.register import SQLITE
from gomail.settings.bounds import read_limit
from gomail.settings.judging import read_junk_field, read_milter, read_policy, read_resolvers
from gomail.settings.units import Range, read_time, unexpected
from gomail.settings.values import (
    HAPROXY,
    NO_PROXIES,
    TLS,
    Checks,
    Configuration,
    Listener,
    Metrics,
    Milter,
)
from gomail.settings.words import (
    read_endpoint,
    read_flag,
    read_hostname,
    read_items,
    read_maildir,
    read_networks,
    read_page_endpoint,
    read_proxies,
    read_text,
    read_word,
    read_workers,
    suggestion,
)

LOG_FORMATS = ("text", "json")
BARE_NEWLINE = ("store", "refuse")
SYNC = ("files", "filesystem")
STORING = ("process", "thread")
ON_FAILURE = ("accept", "defer")
TLS_OFFERS = ("offered", "required", "off")

_NOT_IN_FILE = ("source", "given")
# As TOML has it: [[listener]] is one of them.
_RENAMED = {"listeners": "listener", "milters": "milter"}


def key_of(name: str) -> str:
    """Give the key in the file for a field of a value."""
    return _RENAMED.get(name, name).replace("_", "-")


def read_table(table: Mapping[str, object]) -> Configuration:
    """
    Read the whole of a file; what is not there has its default.

    Raises:
        cattrs.BaseValidationError: `mistakes` finds them all.
    """
    return _converter.structure(table, Configuration)


def mistakes(error: BaseException, key: Key = ()) -> Iterator[Mistake]:
    """Find what is wrong, and where, in what `read_table` raised."""
    match error:
        case cattrs.ForbiddenExtraKeysError():
            keys = {key_of(each.name) for each in fields(error.cl)}
            for extra in error.extra_fields:
                hint = suggestion(extra, keys.difference(_NOT_IN_FILE))
                if error.cl is Domain and hint.startswith("; there are"):
                    hint += f'; or was [domains."{key[-1]}.{extra}"] meant, with quotes?'
                yield Mistake((*key, extra), f"there is no such key{hint}")
        case cattrs.ClassValidationError() | cattrs.IterableValidationError():
            noted, others = error.group_exceptions()
            for each in others:
                yield from mistakes(each, key)
            for each, note in noted:
                if not (others and isinstance(each, KeyError)):  # it may be there, misspelt
                    yield from mistakes(each, (*key, _part(note)))
        case Mistake():
            yield Mistake((*key, *error.key), error.problem)
        case KeyError():
            yield Mistake(key, "it is missing")
        case _:
            yield Mistake(key, str(error))


def _part(note: AttributeValidationNote | IterableValidationNote) -> str | int:
    """Give the part of a key that cattrs has noted."""
    if isinstance(note, AttributeValidationNote):
        return key_of(note.name)
    return note.index


def _read_listeners(value: object) -> tuple[Listener, ...]:
    """Read the listeners, of which there is at least one."""
    if not isinstance(value, list) or not value:
        raise unexpected("[[listener]]", value)
    listeners = _converter.structure(value, tuple[Listener, ...])
    for index, listener in enumerate(listeners):
        if listener.place.startswith(HAPROXY):
            raise Mistake((index, "endpoint"), NO_PROXIES)
    return listeners


def _read_milters(value: object) -> tuple[Milter, ...]:
    """Read the milters, in their order."""
    if not isinstance(value, list):
        raise unexpected("[[milter]]", value)
    return _converter.structure(value, tuple[Milter, ...])


def _read_tls(value: object) -> TLS:
    """Read what the encryption goes by; a certificate is nothing without its key."""
    tls = _converter.structure(value, TLS)
    for there, missing in (("certificate", "key"), ("key", "certificate")):
        if getattr(tls, there) is not None and getattr(tls, missing) is None:
            raise Mistake((there,), f"{missing} is missing beside it")
    if tls.sni and not tls.files:
        raise Mistake(("sni",), "certificate and key were expected in [tls], for everybody else")
    return tls


def _read_sni(value: object) -> tuple[Files, ...]:
    """Read further pairs."""
    if not isinstance(value, list):
        raise unexpected("[[tls.sni]]", value)
    return _converter.structure(value, tuple[Files, ...])


def _read_domains(value: object) -> Mapping[str, Domain]:
    """Read the domains, of which there is at least one."""
    if not isinstance(value, dict) or not value:
        raise unexpected('a table such as [domains."example.org"]', value)
    domains: dict[str, Domain] = {}
    for text, domain in _converter.structure(value, dict[str, Domain]).items():
        try:
            name = read_domain(text)
        except ValueError as error:
            raise Mistake((text,), str(error)) from None
        if name in domains:
            raise Mistake((text,), f"the domain {name} is there twice")
        domains[name] = domain
    return domains


def _read_mailboxes(value: object) -> tuple[str, ...] | str:
    """Read names, or the path of a file, or of a database."""
    if isinstance(value, str) and value not in {"", SQLITE}:
        return read_text(value)
    return tuple(read_items(value, read_text, f'a list of names, a path, or "{SQLITE}" and a path'))


def _read_aliases(value: object) -> Mapping[str, tuple[str, ...]]:
    """Read aliases; one that stands for one address may do without a list."""
    if not isinstance(value, dict):
        raise unexpected("a table", value)
    aliases: dict[str, tuple[str, ...]] = {}
    for name, targets in value.items():
        try:
            texts = [targets] if isinstance(targets, str) else targets
            aliases[name] = tuple(read_items(texts, read_text, "an address or a list of them"))
        except ValueError as error:
            raise Mistake((name,), str(error)) from None
    return aliases


def _read_separator(value: object) -> str:
    """Read what parts a name from the detail of a sub-address; "" for nothing."""
    return read_separator("" if value == "" else read_text(value))


def _field(name: str, read: Callable[[object], object]) -> Any:  # noqa: ANN401 -- cattrs has no name for it
    """Have cattrs read a field so."""
    return override(rename=key_of(name), struct_hook=lambda value, _: read(value))


def _register(kind: Any, **readers: Callable[[object], object]) -> None:  # noqa: ANN401
    """Have cattrs read a table of that *kind*; a field without a reader is no key."""
    overrides = {each.name: override(omit=True) for each in fields(kind)}
    overrides |= {name: _field(name, read) for name, read in readers.items()}
    settings: dict[str, Any] = {"_cattrs_forbid_extra_keys": True, **overrides}
    structure: Callable[[Mapping[str, object], object], object]
    structure = make_dict_structure_fn(kind, _converter, **settings)

    def read_whole(value: object, _: object) -> object:
        if not isinstance(value, dict):
            raise unexpected("a table", value)
        return structure(value, kind)

    _converter.register_structure_hook(kind, read_whole)


_converter = cattrs.Converter()
_register(Limits, **{each.name: partial(read_limit, each.name) for each in fields(Limits)})
_register(
    Listener,
    endpoint=read_endpoint,
    local=read_flag,
    bare_newline=lambda value: read_word(value, BARE_NEWLINE),
    tls=lambda value: read_word(value, TLS_OFFERS),
    proxy=read_proxies,
)
_register(
    Checks,
    enabled=read_flag,
    resolvers=read_resolvers,
    authserv_id=read_hostname,
    arc_sealers=lambda value: tuple(read_items(value, read_hostname, "a list of domains")),
)
_register(
    Milter,
    endpoint=read_milter,
    on_failure=lambda value: read_word(value, ON_FAILURE),
    connect_time=lambda value: read_time(value, Range(1, 50)),
    command_time=lambda value: read_time(value, Range(1, 50)),
    content_time=lambda value: read_time(value, Range(1, 200)),
    junk_field=read_junk_field,
)
_register(Metrics, listen=read_page_endpoint)
_register(Files, certificate=read_text, key=read_text)
_register(TLS, certificate=read_text, key=read_text, sni=_read_sni, session_tickets=read_flag)
_register(
    Domain,
    mailboxes=_read_mailboxes,
    catch_all=read_text,
    subaddress_separator=_read_separator,
    aliases=_read_aliases,
)
_register(
    Configuration,
    hostname=read_hostname,
    maildir=read_maildir,
    trusted=read_networks,
    listeners=_read_listeners,
    domains=_read_domains,
    limits=lambda value: _converter.structure(value, Limits),
    log_format=lambda value: read_word(value, LOG_FORMATS),
    tls=_read_tls,
    state=read_text,
    control=lambda value: "" if value == "" else read_text(value),
    group=read_text,
    sync=lambda value: read_word(value, SYNC),
    storing=lambda value: read_word(value, STORING),
    workers=read_workers,
    checks=lambda value: _converter.structure(value, Checks),
    policy=read_policy,
    milters=_read_milters,
    backup_mx=lambda value: tuple(read_items(value, read_hostname, "a list of host names")),
    metrics=lambda value: _converter.structure(value, Metrics),
)
