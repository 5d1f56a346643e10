"""The certificate of a rehearsal: the server's, where it can be read; none is made that stays."""

from pathlib import Path

from OpenSSL.SSL import Connection
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface import implementer

from gomail.certificates.context import make_context
from gomail.certificates.expiry import until
from gomail.certificates.keeper import world_time
from gomail.certificates.own import NAME, make_own
from gomail.certificates.pair import Pair, PairError, read_pair
from gomail.certificates.served import serve
from gomail.certificates.wanted import Files, Wanted
from gomail.config import Configuration
from gomail.server.state import state_folder


@implementer(IOpenSSLServerConnectionCreator)
class Certificate:
    """
    Begins TLS as the server of a configuration does.

    Raises:
        PairError: a certificate or key that is named can't be used.
    """

    def __init__(self, configuration: Configuration) -> None:
        tls = configuration.tls
        if tls.files:
            wanted = Wanted(configuration.hostname, None, tls.files, tls.session_tickets)
            served = serve(wanted, world_time())
            self._pairs, self._context = served.pairs, served.context
        else:
            self._pairs = (_own(configuration),)
            self._context = make_context(self._pairs, session_tickets=tls.session_tickets)

    def serverConnectionForTLS(self, tlsProtocol: object) -> Connection:
        """Begin TLS for one connection."""
        return Connection(self._context, None)

    def __str__(self) -> str:
        """Name the certificate."""
        pair = self._pairs[0]
        kind = "a self-signed certificate" if pair.self_signed else "the certificate"
        return f"{kind} of {', '.join(pair.names)} until {until(pair)}"


def _own(configuration: Configuration) -> Pair:
    """Read the server's self-signed pair, or make one that is gone afterwards."""
    folder = state_folder(configuration.state)
    path = str(Path(folder or "", NAME))
    try:
        return read_pair(Files(path, path))
    except PairError:
        return make_own(configuration.hostname, world_time())
