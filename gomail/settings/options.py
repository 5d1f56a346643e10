"""Options of the command line, laid over what a file says; they are the same words as its keys."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypedDict, TypeVar, Unpack

from gomail.certificates.wanted import Files
from gomail.settings.bounds import read_limit
from gomail.settings.paths import absolute
from gomail.settings.reading import LOG_FORMATS
from gomail.settings.values import (
    HAPROXY,
    Configuration,
    ConfigurationError,
    Listener,
    Metrics,
    any_local_part,
)
from gomail.settings.words import (
    read_endpoint,
    read_hostname,
    read_maildir,
    read_page_endpoint,
    read_word,
    read_workers,
)

T = TypeVar("T")


class Said(TypedDict, total=False):
    """
    What may be said on a command line; None is as good as nothing.

    Attributes:
        ports: numbers or Twisted endpoint strings; listeners beside those of the file.
        hostname: ours.
        domains: whose mail goes, whatever the local-part, to one mailbox; only where the file names
            none.
        maildir: a path, relative to the working directory.
        size: of the largest message.
        log_format: ``text`` or ``json``.
        certificate: a path, relative to the working directory.
        key: of its key, likewise.
        workers: a number, or ``auto``.
        metrics: a number, for this machine alone, or an endpoint string.
    """

    ports: Sequence[str]
    hostname: str | None
    domains: Sequence[str]
    maildir: str | None
    size: str | None
    log_format: str | None
    certificate: str | None
    key: str | None
    workers: str | None
    metrics: str | None


def with_options(configuration: Configuration, **said: Unpack[Said]) -> Configuration:
    """
    Give the *configuration*, from a file or the defaults, with what options say instead.

    Raises:
        ConfigurationError: an option can't be, or is at odds with the file.
    """
    if (hostname := said.get("hostname")) is not None:
        configuration = _with_hostname(configuration, hostname)
    if domains := said.get("domains"):
        configuration = _with_domains(configuration, domains)
    if ports := said.get("ports"):
        configuration = _with_ports(configuration, ports)
    if (maildir := said.get("maildir")) is not None:
        path = absolute(_read("--maildir", read_maildir, maildir))
        configuration = replace(configuration, maildir=path)
    if (size := said.get("size")) is not None:
        octets = _read("--size", lambda text: int(read_limit("size", text)), size)
        configuration = replace(configuration, limits=replace(configuration.limits, size=octets))
    if (log_format := said.get("log_format")) is not None:
        word = _read("--log-format", lambda text: read_word(text, LOG_FORMATS), log_format)
        configuration = replace(configuration, log_format=word)
    certificate, key = said.get("certificate"), said.get("key")
    if certificate is not None or key is not None:
        configuration = _with_pair(configuration, certificate, key)
    if (workers := said.get("workers")) is not None:
        number = _read("--workers", lambda text: read_workers(_number(text)), workers)
        configuration = replace(configuration, workers=number)
    if (metrics := said.get("metrics")) is not None:
        page = f"tcp:{metrics}:interface=127.0.0.1" if metrics.isdecimal() else metrics
        listen = _read("--metrics", read_page_endpoint, page)
        configuration = replace(configuration, metrics=Metrics(listen))
    return configuration


def _with_pair(
    configuration: Configuration, certificate: str | None, key: str | None
) -> Configuration:
    """Set the certificate and its key."""
    files = _read_pair(certificate, key)
    tls = replace(configuration.tls, certificate=files.certificate, key=files.key)
    return replace(configuration, tls=tls)


def _with_hostname(configuration: Configuration, text: str) -> Configuration:
    """Set the host name; it is the default domain, too, where none is given."""
    hostname = _read("--hostname", read_hostname, text)
    domains = configuration.domains if "domains" in configuration.given else {}
    return replace(configuration, hostname=hostname, domains=domains)


def _with_domains(configuration: Configuration, texts: Sequence[str]) -> Configuration:
    """Set the domains; a file that names some has more to say of each than an option can."""
    names = [_read("--domain", read_hostname, text) for text in texts]
    if "domains" in configuration.given:
        table = f'[domains."{names[0]}"]'
        msg = f"--domain: {configuration.source} names the domains; write {table} there instead"
        raise ConfigurationError(msg)
    return replace(configuration, domains=any_local_part(*names))


def _with_ports(configuration: Configuration, texts: Sequence[str]) -> Configuration:
    """Add listeners to those of the file, or have them instead of the default one."""
    endpoints = [_read("--port", read_endpoint, _endpoint(text)) for text in texts]
    for endpoint in endpoints:
        if endpoint.startswith(HAPROXY):
            msg = (
                f"--port: {endpoint} needs to know whom to believe; write a [[listener]] with that "
                'endpoint and the key proxy, as in proxy = ["192.0.2.10"], into a file for --config'
            )
            raise ConfigurationError(msg)
    listeners = tuple(Listener(each) for each in dict.fromkeys(endpoints))
    if "listener" in configuration.given:
        listeners = (*configuration.listeners, *listeners)
    return replace(configuration, listeners=listeners)


def _read_pair(certificate: str | None, key: str | None) -> Files:
    """Read a certificate and its key, which come together."""
    if not certificate or not key:
        there, missing = ("--certificate", "--key") if certificate else ("--key", "--certificate")
        msg = f"{there}: {missing} is missing beside it"
        raise ConfigurationError(msg)
    return Files(absolute(certificate), absolute(key))


def _number(text: str) -> str | int:
    """Make a number of a text that is one."""
    return int(text) if text.isdecimal() and text.isascii() else text


def _endpoint(text: str) -> str:
    """Make an endpoint of a mere number."""
    return f"tcp:{text}" if text.isdecimal() else text


def _read(option: str, read: Callable[[str], T], text: str) -> T:
    """Read the value of an option."""
    try:
        return read(text)
    except ValueError as error:
        msg = f"{option}: {error}"
        raise ConfigurationError(msg) from None
