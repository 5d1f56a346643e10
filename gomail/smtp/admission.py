"""Who may come in: the sessions that are open, in all, by address and by network."""

from socket import AF_INET6, inet_pton

from gomail.answers import Answer
from gomail.envelope import Client
from gomail.health import Share
from gomail.limits import Limits
from gomail.reply import TOO_BUSY, TOO_MANY_FROM_ADDRESS, TOO_MANY_FROM_NETWORK, Reply
from gomail.smtp.load import Gauge


class Admission:
    """
    Counts sessions, over all listeners that share it.

    Trusted clients are counted, but only the limit on all sessions holds for them.

    Attributes:
        gauge: how busy that makes the server.
        shared: whether somebody else has a say, too, whom `permit` asks.
    """

    shared = False

    def __init__(self, limits: Limits) -> None:
        """Begin with nobody inside."""
        self._limits = limits
        self._elsewhere = 0
        self.gauge = Gauge()
        self._all = 0
        self._addresses: dict[str, int] = {}
        self._networks: dict[str, int] = {}

    @property
    def sessions(self) -> Share:
        """How many are open, here and elsewhere, of those that may be."""
        return Share(self._all + self._elsewhere, self._limits.sessions)

    def refusal(self, client: Client) -> Reply | None:
        """Give the reply with which *client* is turned away, or None if it may come in."""
        limits = self._limits
        if self._all + self._elsewhere >= limits.sessions:
            return TOO_BUSY
        if client.trusted or client.address is None:
            return None
        if self._addresses.get(client.address, 0) >= limits.sessions_per_address:
            return TOO_MANY_FROM_ADDRESS
        if self._networks.get(network_of(client.address), 0) >= limits.sessions_per_network:
            return TOO_MANY_FROM_NETWORK
        return None

    def permit(self, client: Client) -> Answer[None]:
        """
        Ask whoever else has a say, once *client* is inside and before the banner.

        Raises:
            Refused: it may not stay.
        """

    def count_elsewhere(self, sessions: int) -> None:
        """Learn how many sessions other processes have open: they are some of all."""
        self._elsewhere = sessions
        self._measure()

    def _measure(self) -> None:
        """Have the gauge know how full the server is."""
        self.gauge.measure_sessions((self._all + self._elsewhere) / self._limits.sessions)

    def enter(self, client: Client) -> None:
        """Count *client* as inside."""
        self._count(client, 1)

    def leave(self, client: Client) -> None:
        """Count *client* as gone."""
        self._count(client, -1)

    def _count(self, client: Client, change: int) -> None:
        """Count one more or less, and keep no entry for what is at nought."""
        self._all += change
        self._measure()
        if client.trusted or client.address is None:
            return
        for inside, key in (
            (self._addresses, client.address),
            (self._networks, network_of(client.address)),
        ):
            inside[key] = inside.get(key, 0) + change
            if not inside[key]:
                del inside[key]


def network_of(address: str) -> str:
    """Give the network that counts as one neighbourhood: /24 of IPv4, /64 of IPv6."""
    if ":" not in address:
        return address.rpartition(".")[0]
    return inet_pton(AF_INET6, address)[:8].hex(":", 2)
