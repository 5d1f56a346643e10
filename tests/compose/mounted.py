"""A configuration for a server that is mounted in the process of the tests."""

from collections.abc import Callable
from pathlib import Path

from gomail.compose import Server
from gomail.config import Configuration, Listener
from gomail.recipients.domain import Domain
from gomail.settings.values import Checks
from tests.system.running import free_port


def configured(folder: Path, domain: str, **more: object) -> Configuration:
    """Give a configuration that takes mail for one domain, on a port that is free."""
    endpoint = f"tcp:{free_port()}:interface=127.0.0.1"
    settings: dict[str, object] = {
        "hostname": f"mx.{domain}",
        "maildir": str(folder / domain),
        "listeners": (Listener(endpoint),),
        "domains": {domain: Domain()},
        "checks": Checks(enabled=False),
    }
    return Configuration(**(settings | more))  # type: ignore[arg-type]


def port_of(configuration: Configuration) -> int:
    """Give its port."""
    return int(configuration.listeners[0].endpoint.split(":")[1])


Mount = Callable[..., Server]
