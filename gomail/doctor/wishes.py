"""What the configuration asks for: settings that can't all be meant."""

import grp
from collections.abc import Iterator
from contextlib import suppress

from gomail.doctor.finding import Finding, Severity, Told
from gomail.settings.values import LOCALHOST, Configuration


def examine_settings(configuration: Configuration) -> Told:
    """Find settings that are at odds with each other, or with the purpose."""
    source = configuration.source or "the command line"
    findings = (
        *_names(configuration),
        *_trust(configuration),
        *_group(configuration),
        *_encryption(configuration),
    )
    return Told(findings, (f"the settings of {source}",))


def _names(configuration: Configuration) -> Iterator[Finding]:
    """Find that nobody else's mail can be meant."""
    domains = [each for each in configuration.domains if each != LOCALHOST and "." in each]
    if not domains:
        yield Finding(
            "domain-none",
            Severity.ERROR,
            "mail is taken for a domain",
            (f"it is taken for {', '.join(configuration.domains)}",),
            "name yours:",
            ('[domains."example.org"]', 'mailboxes = ["you"]'),
        )
    elif "." not in configuration.hostname:
        yield Finding(
            "hostname-local",
            Severity.WARNING,
            "the server has a name that others can look up",
            (f"hostname is {configuration.hostname}",),
            "name it as MX does:",
            (f'hostname = "mx.{domains[0]}"',),
        )


def _trust(configuration: Configuration) -> Iterator[Finding]:
    """Find that strangers have no limits."""
    wide = [str(each) for each in configuration.networks if each.prefixlen == 0]
    if wide:
        yield Finding(
            "trusted-everybody",
            Severity.WARNING,
            "limits hold for strangers",
            (f"trusted names {', '.join(wide)}, which is everybody",),
            "trust your own networks alone:",
            ('trusted = ["127.0.0.0/8", "::1/128", "unix"]',),
        )


def _group(configuration: Configuration) -> Iterator[Finding]:
    """Find that the group is not there, without which no server starts."""
    with suppress(KeyError):
        if configuration.group is None or grp.getgrnam(configuration.group):
            return
    yield Finding(
        "group-missing",
        Severity.ERROR,
        f"there is a group {configuration.group}",
        ("this machine has none of that name",),
        "make it, with its members:",
        (f"sudo groupadd --system {configuration.group}",),
    )


def _encryption(configuration: Configuration) -> Iterator[Finding]:
    """Find that mail is taken without encryption though a certificate is there."""
    if configuration.tls.files and all(each.tls == "off" for each in configuration.listeners):
        yield Finding(
            "tls-off",
            Severity.WARNING,
            "the certificate is shown to somebody",
            ('a certificate is named, and all listeners have tls = "off"',),
            "offer encryption on a listener, or name no certificate:",
            ("[[listener]]", 'tls = "offered"'),
        )
