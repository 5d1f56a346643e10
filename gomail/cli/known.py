"""What the local configuration knows of the server that a domain's mail is for."""

import re
from collections.abc import Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.x509 import Certificate

from gomail.address import comparable_domain
from gomail.certificates.own import NAME
from gomail.certificates.pair import PairError, read_chain
from gomail.config import Configuration, ConfigurationError
from gomail.domain.finding import Known
from gomail.machine.netlink import addresses
from gomail.machine.reach import reach
from gomail.server.state import state_folder

if TYPE_CHECKING:
    from gomail.settings.values import Listener

_INTERFACE = re.compile(r"(?<!\\):interface=((?:\\.|[^\\:])*)")


def known_of(
    configuration: Configuration | None,
    hostname: str | None = None,
    backups: tuple[str, ...] = (),
) -> Known:
    """
    Give what is known; *hostname* takes the place of the one that is configured.

    Those of *backups* are beside those that are configured.

    Raises:
        ConfigurationError: a certificate that is named can't be read.
    """
    if configuration is None:
        return Known(host=hostname, backups=backups)
    named = configuration.hostname if "hostname" in configuration.given else None
    host = hostname or (named and comparable_domain(named))
    four, six = _families(configuration.listeners if "listener" in configuration.given else ())
    backups += tuple(map(comparable_domain, configuration.backup_mx))
    return Known(host, four, six, _chain(configuration), _public(), backups)


def _families(listeners: "Sequence[Listener]") -> tuple[bool | None, bool | None]:
    """Tell whether others can connect by IPv4 and by IPv6; None where that can't be told."""
    families: set[str] = set()
    for listener in listeners:
        kind, _, _ = listener.place.partition(":")
        if kind not in {"tcp", "tcp4", "tcp6", "unix"} or listener.proxy:
            return None, None  # systemd or a proxy knows
        families |= _served(kind, listener.place)
    return ("4" in families, "6" in families) if families else (None, None)


def _served(kind: str, endpoint: str) -> set[str]:
    """Give the families in which an endpoint can be reached from elsewhere."""
    if kind == "unix":
        return set()
    match = _INTERFACE.search(endpoint)
    if match is None:
        return {"tcp": {"4", "6"}, "tcp4": {"4"}, "tcp6": {"6"}}[kind]
    try:
        address = ip_address(match[1].replace("\\", ""))
    except ValueError:
        return {"4", "6"}
    return set() if address.is_loopback else {str(address.version)}


def _public() -> tuple[str, ...]:
    """Give this machine's public addresses, since it is the one that is configured."""
    try:
        return reach(addresses()).public
    except OSError:
        return ()


def _chain(configuration: Configuration) -> tuple[Certificate, ...]:
    """Read the certificate that most clients see, if it is there."""
    files = configuration.tls.files
    folder = state_folder(configuration.state)
    own = Path(folder or "", NAME)
    if not files and not own.exists():
        return ()
    try:
        return read_chain(files[0].certificate if files else str(own))
    except PairError as error:
        if not files:
            return ()
        raise ConfigurationError(str(error)) from None
