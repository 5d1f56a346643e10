"""
The configuration as a value, whatever it was made of, and its defaults.

Paths are absolute and names are in the form in which they are compared; whether the files, Maildirs
and groups that are named exist is found out by those who use them.
"""

import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from gomail.certificates.wanted import Files
from gomail.checks.policy import RULES, Action
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.recipients.domain import Domain, read_domain

UNIX = "unix"
HAPROXY = "haproxy:"  # Twisted's prefix for an endpoint whose clients are named by a proxy
LOCALHOST = "localhost"
NO_PROXIES = (
    "haproxy: takes the client's address from whoever connects; say whom you believe, with the key "
    'proxy in the same [[listener]], as in proxy = ["192.0.2.10"]'
)


class ConfigurationError(ValueError):
    """A mistake in the configuration, told in one line that its owner understands."""


@dataclass(frozen=True, slots=True)
class Listener:
    """
    One place where clients connect.

    Attributes:
        endpoint: a Twisted endpoint string; ``tcp:PORT`` without an interface is IPv6 and IPv4.
        local: whether our own machine's programs connect there, whose slips are forgiven.
        bare_newline: ``store`` or ``refuse`` content in which a line ends with LF alone.
        tls: ``offered``, ``required`` before mail is taken, or ``off``.
        proxy: networks whose proxies name the client by a PROXY header, and ``unix`` for those
            that connect by a unix socket; nobody connects without one then. Without any, no
            header is taken.
    """

    endpoint: str
    local: bool = False
    bare_newline: str = "store"
    tls: str = "offered"
    proxy: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The endpoint string of what is listened on, without a prefix that *proxy* has earned."""
        return self.endpoint.removeprefix(HAPROXY) if self.proxy else self.endpoint

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of the proxies."""
        return networks_of(self.proxy)

    @property
    def proxy_unix(self) -> bool:
        """Whether proxies connect by a unix socket."""
        return UNIX in self.proxy


@dataclass(frozen=True, slots=True)
class TLS:
    """
    What the encryption goes by.

    Attributes:
        certificate: the path of the certificate with its chain; None for a self-signed one.
        key: the path of its key.
        sni: further pairs, for clients that ask for the hosts in them.
        session_tickets: whether clients may take up an old session.
    """

    certificate: str | None = None
    key: str | None = None
    sni: tuple[Files, ...] = ()
    session_tickets: bool = False

    @property
    def files(self) -> tuple[Files, ...]:
        """All pairs, the first one first; none for a self-signed one."""
        if self.certificate is None or self.key is None:
            return ()
        return (Files(self.certificate, self.key), *self.sni)


@dataclass(frozen=True, slots=True)
class Checks:
    """
    How it is found out who sent a message.

    Attributes:
        enabled: whether; None for whether what is needed is installed.
        resolvers: who is asked, as `gomail.checks.servers` reads them; without any, this machine's.
        authserv_id: by which readers know our results; None for the host name.
        arc_sealers: domains of those whose word counts for messages that they have passed on.
    """

    enabled: bool | None = None
    resolvers: tuple[str, ...] = ()
    authserv_id: str | None = None
    arc_sealers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """
    What becomes of messages, by what was found out of their senders.

    Attributes:
        actions: of each rule, by its name.
        shadow: names of the rules that only say what they would have done.
        own: what becomes of messages for which checks of one's own fail, by the check's name.
    """

    actions: Mapping[str, Action] = field(
        default_factory=lambda: {rule.name: rule.action for rule in RULES}
    )
    shadow: tuple[str, ...] = ()
    own: Mapping[str, Action] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Milter:
    """
    A filter of the Postfix world that is asked about each message.

    Attributes:
        endpoint: where it listens, as `gomail.milters.place` reads it.
        on_failure: what becomes of mail that it should have seen and could not: ``accept`` or
            ``defer``.
        connect_time: seconds in which it has to be connected to.
        command_time: seconds for a command.
        content_time: seconds for the header, for each piece of the body, and for its end.
        junk_field: the header field by which it says that a message is junk; None for none.
    """

    endpoint: str
    on_failure: str = "accept"
    connect_time: float = 10.0
    command_time: float = 20.0
    content_time: float = 100.0
    junk_field: str | None = None


@dataclass(frozen=True, slots=True)
class Metrics:
    """
    What the server tells monitoring of itself.

    Attributes:
        listen: the endpoint of the page of metrics and of what load balancers ask; None for none.
    """

    listen: str | None = None


def networks_of(words: Iterable[str]) -> tuple[IPv4Network | IPv6Network, ...]:
    """Give the networks in a list that may have the word for unix sockets in it."""
    return tuple(ip_network(each) for each in words if each != UNIX)


def any_local_part(*names: str) -> dict[str, Domain]:
    """Give domains whose mail is all for one mailbox."""
    return {name: Domain() for name in names}


def own_name() -> str:
    """Give this machine's name, without asking DNS, which may take for ever."""
    try:
        return read_domain(socket.gethostname())
    except ValueError:
        return LOCALHOST


def default_maildir() -> str:
    """Give the Maildir in the folder where we were started."""
    return str(Path.cwd() / "Maildir")


@dataclass(frozen=True, slots=True)
class Configuration:
    """
    All that can be set; what is left out works for a newcomer without root.

    Attributes:
        hostname: the name in the greeting and in trace fields.
        maildir: the path of the Maildirs, absolute, ``{domain}`` and ``{mailbox}`` in it.
        trusted: networks without limits per address, session or error, and ``unix`` for unix
            sockets.
        listeners: where clients connect.
        domains: ours, by name; the first is that of ``<postmaster>``. Without any, the host name
            and ``localhost`` with all local-parts.
        limits: of everything.
        log_format: ``text`` or ``json``.
        tls: certificates, and how they are used.
        state: the folder of what gomail keeps for itself; None for the usual one of the user that
            it runs as.
        sync: how mail becomes durable: ``files``, each by itself, or ``filesystem``, all that waits
            on it at once.
        storing: who stores: ``process``, a delivery agent beside the server, or ``thread``, one of
            its own.
        workers: server processes; more than one have a parent that holds the ports.
        control: the path of the socket at which the server is asked how it fares; None for the
            usual one, empty for none.
        group: who shares the Maildirs: files are 0660 and folders 2770; None for the owner alone.
        checks: how it is found out who sent a message.
        policy: what becomes of it then.
        milters: who is asked about each message, in this order.
        backup_mx: other hosts of ours that MX may name, which keep mail for this one.
        metrics: what monitoring is told.
        source: the path of the file that was read; None if there was none.
        given: the keys that stood in it, at the top.
    """

    hostname: str = field(default_factory=own_name)
    maildir: str = field(default_factory=default_maildir)
    trusted: tuple[str, ...] = ("127.0.0.0/8", "::1/128", UNIX)
    listeners: tuple[Listener, ...] = (Listener("tcp:2525"),)
    domains: Mapping[str, Domain] = field(default_factory=dict)
    limits: Limits = DEFAULT_LIMITS
    log_format: str = "text"
    tls: TLS = TLS()
    state: str | None = None
    control: str | None = None
    group: str | None = None
    sync: str = "files"
    storing: str = "process"
    workers: int = 1
    checks: Checks = Checks()
    policy: Rules = field(default_factory=Rules)
    milters: tuple[Milter, ...] = ()
    backup_mx: tuple[str, ...] = ()
    metrics: Metrics = Metrics()
    source: str | None = field(default=None, compare=False)
    given: frozenset[str] = field(default=frozenset(), compare=False)

    def __post_init__(self) -> None:
        """Put the default domains in, which depend on the host name."""
        if not self.domains:
            object.__setattr__(self, "domains", any_local_part(self.hostname, LOCALHOST))

    @property
    def authserv_id(self) -> str:
        """The name by which readers know our results (RFC 8601 §2.5)."""
        return self.checks.authserv_id or self.hostname

    @property
    def networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The trusted networks."""
        return networks_of(self.trusted)

    @property
    def trust_unix(self) -> bool:
        """Whether clients on unix sockets are trusted."""
        return UNIX in self.trusted
