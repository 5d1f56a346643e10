"""
The words of a configuration file, one by one: text, host names, endpoints, networks.

What can't be read raises ValueError with what was expected and what was found. Nothing is converted
by guessing: a number where text was expected is a mistake.
"""

import difflib
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from ipaddress import ip_network

from gomail.recipients.domain import read_domain
from gomail.recipients.mailbox import Template
from gomail.settings.units import Range, read_count, shown, unexpected
from gomail.settings.values import HAPROXY, UNIX

_KIND = re.compile(r"[a-z][a-z0-9]*\Z")
_TCP = frozenset({"tcp", "tcp4", "tcp6"})
_LAST_PORT = 65535
_NUMBER = re.compile(r"[0-9]{1,10}\Z")
AUTO = "auto"
_WORKERS = Range(1, 256)


def read_text(value: object) -> str:
    """Read text that is not empty; a NUL can be in no path or name."""
    if not isinstance(value, str) or not value or "\0" in value:
        raise unexpected("text", value)
    return value


def read_flag(value: object) -> bool:
    """Read true or false."""
    if not isinstance(value, bool):
        raise unexpected("true or false", value)
    return value


def read_word(value: object, words: Collection[str]) -> str:
    """Read one of a few words."""
    if not isinstance(value, str) or value not in words:
        expected = " or ".join(f'"{word}"' for word in words)
        raise unexpected(expected, value)
    return str(value)


def read_workers(value: object) -> int:
    """Read how many server processes there are to be, or the word for one a processor."""
    if value == AUTO:
        return min(processors(), _WORKERS.most)
    if isinstance(value, bool) or not isinstance(value, int):
        raise unexpected(f'a whole number or "{AUTO}"', value)
    return read_count(value, _WORKERS)


def processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def read_hostname(value: object) -> str:
    """Read a host name."""
    return read_domain(read_text(value))


def read_endpoint(value: object) -> str:
    """
    Read a Twisted endpoint string, as far as can be told without Twisted.

    Whether its kind is known, and the rest is what that kind takes, turns out when it is opened.
    """
    text = read_text(value)
    kind, colon, rest = text.removeprefix(HAPROXY).partition(":")
    port = rest.partition(":")[0]
    if not colon or not rest or not _KIND.match(kind):
        raise unexpected('an endpoint such as "tcp:25"', value)
    if kind in _TCP and "=" not in port and not (_NUMBER.match(port) and int(port) <= _LAST_PORT):
        raise unexpected(f"a port from 0 to {_LAST_PORT}", port)
    return text


def read_page_endpoint(value: object) -> str:
    """Read the endpoint of the page of metrics: of a kind that a handover can pass on."""
    endpoint = read_endpoint(value)
    if endpoint.partition(":")[0] not in {*_TCP, UNIX, "systemd"}:
        raise unexpected('"tcp:9025:interface=127.0.0.1", or an endpoint unix: or systemd:', value)
    return endpoint


def read_maildir(value: object) -> str:
    """Read the path of the Maildirs; where it begins is worked out by `gomail.config`."""
    text = read_text(value)
    Template(f"/{text}")
    return text


def read_networks(value: object) -> tuple[str, ...]:
    """Read networks."""
    return tuple(read_items(value, _read_network, "a list of networks"))


def read_proxies(value: object) -> tuple[str, ...]:
    """Read the networks of proxies, of which there is at least one."""
    proxies = read_networks(value)
    if not proxies:
        raise unexpected("at least one network, or no such key", value)
    return proxies


def _read_network(value: object) -> str:
    """Read one network, or the word for unix sockets."""
    text = read_text(value)
    if text == UNIX:
        return text
    try:
        return str(ip_network(text))
    except ValueError:
        pass
    try:
        hint = f"; was {ip_network(text, strict=False)} meant?"
    except ValueError:
        hint = ""
    msg = f'a network such as "192.0.2.0/24" or "unix" was expected, not {shown(value)}{hint}'
    raise ValueError(msg)


def read_items(value: object, read: Callable[[object], str], expected: str) -> Iterator[str]:
    """Read the items of a list."""
    if not isinstance(value, list):
        raise unexpected(expected, value)
    return map(read, value)


def suggestion(word: str, known: Iterable[str]) -> str:
    """Guess which of the *known* words was meant, or name them all; it goes on with a sentence."""
    words = sorted(known)
    near = difflib.get_close_matches(word.lower().replace("_", "-"), words, 1)
    return f"; was {near[0]} meant?" if near else f"; there are {', '.join(words)}"
