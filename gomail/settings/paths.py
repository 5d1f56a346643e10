"""Paths as they are written in a configuration, made absolute."""

import os
from dataclasses import replace
from pathlib import Path

from gomail.certificates.wanted import Files
from gomail.recipients.domain import Domain
from gomail.recipients.register import SQLITE
from gomail.settings.values import TLS, Configuration, ConfigurationError


def absolute(path: str, folder: str = "") -> str:
    """
    Make *path* absolute: ``~`` is a home, a relative one begins in *folder*, or where we run.

    Raises:
        ConfigurationError: there is no such home.
    """
    try:
        path = str(Path(path).expanduser())
    except RuntimeError:
        home = path.split("/")[0]
        raise ConfigurationError(f"the path {path!r}: there is no home folder {home!r}") from None
    return os.path.abspath(Path(folder) / path)  # noqa: PTH100 -- without links


def anchored(configuration: Configuration, folder: str) -> Configuration:
    """Make the paths of a file that lies in *folder* absolute."""
    domains = {name: _anchored(each, folder) for name, each in configuration.domains.items()}
    return replace(
        configuration,
        maildir=absolute(configuration.maildir, folder),
        state=_anchored_path(configuration.state, folder),
        control=configuration.control and absolute(configuration.control, folder),
        tls=_anchored_tls(configuration.tls, folder),
        domains=domains,
    )


def _anchored_path(path: str | None, folder: str) -> str | None:
    """Make a path absolute, where there is one."""
    return None if path is None else absolute(path, folder)


def _anchored_tls(tls: TLS, folder: str) -> TLS:
    """Make the paths of certificates and keys absolute."""
    return replace(
        tls,
        certificate=_anchored_path(tls.certificate, folder),
        key=_anchored_path(tls.key, folder),
        sni=tuple(
            Files(absolute(each.certificate, folder), absolute(each.key, folder))
            for each in tls.sni
        ),
    )


def _anchored(domain: Domain, folder: str) -> Domain:
    """Make the path of a domain's mailboxes absolute, if there is one."""
    if not isinstance(domain.mailboxes, str):
        return domain
    path = domain.mailboxes.removeprefix(SQLITE)
    scheme = domain.mailboxes[: -len(path)]
    return replace(domain, mailboxes=scheme + absolute(path, folder))
