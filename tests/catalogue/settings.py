"""
The page of settings, docs/reference/settings.md, out of what reads a configuration.

It is written by ``python -m tests.catalogue.settings``; a test sees that it is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from gomail.certificates.wanted import Files
from gomail.checks.policy import RULES
from gomail.limits import Limits
from gomail.recipients.domain import Domain
from gomail.settings import changes, reading
from gomail.settings.bounds import OCTETS
from gomail.settings.reading import key_of
from gomail.settings.units import write_size, write_time
from gomail.settings.values import TLS, Checks, Configuration, Listener, Metrics, Milter
from tests.catalogue.docstrings import attributes, setting
from tests.catalogue.pages import ROOT

PAGE = ROOT / "docs/reference/settings.md"
_HEAD = """\
# Settings

*This page is made of what reads a configuration (`python -m tests.catalogue.settings`).*

A configuration is a TOML file. What is not in it has its default, and a file with nothing in it is
a fine one. `gomail config check FILE` says what is wrong with a file, and
`gomail config show --config FILE` what it comes to. A size is `"50 MiB"`, `"10 KB"` or a number of
octets; a time `"300 s"`, `"5 min"`, `"1 h"` or a number of seconds. Paths may begin with `~`; a
relative one begins in the folder of the file. [Take mail for several domains](../howto/domains.md)
has the tables of a database of mailboxes.

SIGHUP (`systemctl reload gomail`) has the file read again, all of it or nothing, and it is in force
for the sessions to come; what is marked with * needs a restart.
"""
# What an annotation is called by those who write the file.
_KINDS: Mapping[str, str] = {
    "bool": "true or false",
    "bool | None": "true or false",
    "int": "number",
    "float": "time",
    "str": "text",
    "str | None": "text",
    "tuple[str, ...]": "list of texts",
    "tuple[str, ...] | str | None": "list of names, or text",
    "Mapping[str, tuple[str, ...]]": "table",
}
_WORDS: Mapping[str, tuple[str, ...]] = {
    "log_format": reading.LOG_FORMATS,
    "bare_newline": reading.BARE_NEWLINE,
    "sync": reading.SYNC,
    "storing": reading.STORING,
    "on_failure": reading.ON_FAILURE,
    "tls": reading.TLS_OFFERS,
}
# What is said otherwise than in the docstring of the value, which begins where the file ends.
_DEFAULTS: Mapping[str, str] = {
    "hostname": "this machine's name",
    "maildir": "`Maildir` in the folder where gomail was started",
}
_TABLES = ("listeners", "domains", "limits", "tls", "checks", "policy", "milters", "metrics")
_NOT_IN_FILE = ("source", "given")


def page() -> str:
    """Write the page."""
    return "\n".join([_HEAD, *_sections()])


def _sections() -> Iterator[str]:
    """Write one section a table."""
    restart = changes._NEEDS_RESTART
    top = [each.name for each in fields(Configuration) if each.name not in _NOT_IN_FILE]
    names = [name for name in top if name not in _TABLES]
    yield from _table("At the top", Configuration, Configuration, names, restart)
    yield from _table("[[listener]] *", Listener, lambda: Listener("tcp:2525"), None, ())
    yield from _table('[domains."example.org"]', Domain, Domain, None, ())
    yield from _table("[tls]", TLS, TLS, ["certificate", "key", "session_tickets"], ())
    yield "Further pairs, for clients that ask for one of the hosts in them:\n"
    yield from _table("[[tls.sni]]", Files, lambda: Files("", ""), None, ())
    yield from _table("[checks]", Checks, Checks, None, ())
    yield from _policy()
    yield from _table("[[milter]]", Milter, lambda: Milter(""), None, ())
    yield from _table("[metrics] *", Metrics, Metrics, None, ())
    yield from _table("[limits]", Limits, Limits, None, changes._LIMITS_NEED_RESTART)


def _table(
    title: str,
    kind: Any,  # noqa: ANN401 -- dataclasses have no name for their own kind
    make: Callable[[], object],
    names: list[str] | None,
    restart: tuple[str, ...],
) -> Iterator[str]:
    """Write one table of the file."""
    yield from (f"## {title}", "", "| key | type | default | |", "|---|---|---|---|")
    told, default = attributes(kind), make()
    for each in fields(kind):
        if names is None or each.name in names:
            star = " *" if each.name in restart else ""
            type_ = _type(kind, each.name, str(each.type))
            value = _DEFAULTS.get(each.name) or _default(getattr(default, each.name), type_)
            meaning = setting(told[each.name])
            yield f"| `{key_of(each.name)}`{star} | {type_} | {value} | {meaning} |"
    yield ""


def _type(kind: object, name: str, annotation: str) -> str:
    """Say what a value is, as it is written in the file."""
    name_of = annotation.removeprefix("<class '").removesuffix("'>").replace("typing.", "")
    name_of = name_of.replace("collections.abc.", "")
    if name in _WORDS and not (kind is Configuration and name == "tls"):
        return " or ".join(f"`{word}`" for word in _WORDS[name])
    if kind is Limits and name in OCTETS:
        return "size"
    if name == "workers":
        return "number or `auto`"
    return _KINDS[name_of]


def _default(value: object, type_: str) -> str:
    """Write a default as it would be written in the file."""
    match value:
        case None | "" | ():
            return ""
        case bool():
            return f"`{str(value).lower()}`"
        case tuple():
            return f"`{list(value)}`".replace("'", '"')
        case int() | float() if type_.startswith("size"):
            return f"`{write_size(value)}`"
        case float() | int() if type_ == "time":
            return f"`{write_time(value)}`"
        case dict():
            return ""
    return f"`{value}`"


def _policy() -> Iterator[str]:
    """Write the table of rules, which have a page of their own."""
    yield from ("## [policy]", "")
    yield "What becomes of a message for which a rule holds ([rules](../refusals.md)):\n"
    yield from ("| key | type | default |", "|---|---|---|")
    for rule in RULES:
        yield f"| `{rule.name}` | {_actions(rule.strictest)} | `{rule.action.value}` |"
    yield "| `shadow` | list of rules, of which the log alone says what they would have done | |"
    yield "| `own` | table: the name of a check of your own, and an action | |"
    yield ""


def _actions(strictest: object) -> str:
    """Give the actions that a rule may have, the mildest first."""
    actions = list(type(strictest))  # type: ignore[call-overload]  # an enum
    return " ".join(f"`{each.value}`" for each in actions[: actions.index(strictest) + 1])


if __name__ == "__main__":
    PAGE.write_text(page())
