"""
A connection under TLS (RFC 3207): how it begins, how its end is taken, and what is known of it.

The work is Twisted's, in three things not by its transports' own startTLS. Replies are written
through TLS at once, not a turn later: they must be out before anything is read again. What is
written can't miss TLS: the session's transport is TLS itself then, and the socket's own ways are
out of sight. And a client that closes its side of TLS behind its last command still hears the
reply: Exim sends the end of its last message, QUIT and close_notify in one packet; with Twisted's
way it lost our 250, and sent the message again.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, cast

from OpenSSL.SSL import Connection, Error, SysCallError, WantReadError, ZeroReturnError
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLContextFactory,
    IOpenSSLServerConnectionCreator,
    IProtocol,
    IReactorTime,
    ISystemHandle,
    ITransport,
)
from twisted.internet.protocol import Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from gomail.envelope import Encryption
from gomail.smtp.nobody import NOBODY

Creator: TypeAlias = IOpenSSLServerConnectionCreator | IOpenSSLContextFactory
# Why a session ended in its handshake, as `SessionEnded` tells it; more may stand behind that.
HANDSHAKE_FAILED = "the TLS handshake failed"
HANDSHAKE_LEFT = "the client left in the TLS handshake"
HANDSHAKE_LATE = "the client did not end the TLS handshake in time"
HANDSHAKE_TIME = 10  # seconds from our 220 until the handshake is over


class Listening(Protocol):
    """A session, as TLS hands things to it."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        """Take octets."""

    def handshakeCompleted(self) -> None:
        """Learn that what comes now is encrypted."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """See the end."""


class LateEnd:
    """
    OpenSSL's connection as Twisted uses it, which hears of the peer's goodbye when it may be heard.

    Twisted closes a connection with the close_notify of its peer (RFC 8446 §6.1 lets each side have
    its own); while an answer is awaited that would keep it from being said.

    Attributes:
        ended: whether the goodbye has come and was held back.
    """

    def __init__(self, connection: Connection, busy: Callable[[], bool]) -> None:
        """Hold it back while *busy* says so."""
        self._connection: Any = connection
        self._busy = busy
        self.ended = False

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 -- all the rest is OpenSSL's
        """Be the connection."""
        return getattr(self._connection, name)

    def recv(self, size: int) -> bytes:
        """Give what was decrypted."""
        try:
            return cast("bytes", self._connection.recv(size))
        except ZeroReturnError:
            self.ended = self._busy()
            if self.ended:
                raise WantReadError from None
            raise
        except SysCallError as error:  # the end without a goodbye, which Twisted keeps …
            end = error.with_traceback(None)  # … with all that was under way
        raise end

    def let_go(self) -> None:
        """Free what OpenSSL has of it: Twisted's part may wait for the garbage collector."""
        self._connection, self._busy = None, NOBODY.busy


@implementer(IOpenSSLServerConnectionCreator)
class Prepared:
    """
    Our end of TLS for one connection, made before the 220 is said that promises it.

    Args:
        creator: makes it: what is made for gomail, or Twisted's own CertificateOptions.
        busy: tells whether an answer is awaited.
        clock: the reactor.

    Raises:
        Exception: whatever *creator* has against it.
    """

    def __init__(self, creator: Creator, busy: Callable[[], bool], clock: IReactorTime) -> None:
        """Have it made."""
        self._clock = clock
        self._connection = LateEnd(_connection_of(creator, clock), busy)

    def serverConnectionForTLS(self, tlsProtocol: object) -> Connection:
        """Give it."""
        return cast("Connection", self._connection)

    @property
    def ended(self) -> bool:
        """Whether the client has closed its side, and waits for what is still to be said."""
        return self._connection.ended

    def let_go(self) -> None:
        """Keep nothing of a connection that is gone."""
        self._connection.let_go()

    def start(self, session: Listening) -> None:
        """Have all that *session* reads and writes go through TLS from now on."""
        transport = session.transport
        if not hasattr(type(transport), "writeSomeData"):  # one of Twisted's wrappers
            transport.startTLS(self)
            return
        inside = [Inside(session)]  # which the factory forgets: it would keep the session for ever
        factory = TLSMemoryBIOFactory(
            self,
            isClient=False,
            wrappedFactory=Factory.forProtocol(inside.pop),
            clock=self._clock,
        )
        factory.protocol = TLSMemoryBIOProtocol  # which writes at once; the default waits a turn
        tls = cast("IProtocol", factory.buildProtocol(transport.getPeer()))
        transport.protocol = tls
        tls.makeConnection(transport)


def _connection_of(creator: Creator, clock: IReactorTime) -> Connection:
    """Have a connection made, by a *creator* who may want to see the protocol that it is for."""
    if not IOpenSSLServerConnectionCreator.providedBy(creator):
        return Connection(creator.getContext(), None)
    factory = TLSMemoryBIOFactory(creator, isClient=False, wrappedFactory=Factory(), clock=clock)
    return creator.serverConnectionForTLS(TLSMemoryBIOProtocol(factory, TwistedProtocol()))


@implementer(IHandshakeListener)
class Inside(TwistedProtocol):
    """What Twisted's TLS wraps: a session that has been there before."""

    def __init__(self, session: Listening) -> None:
        """Stand for *session*."""
        self._session = session

    def connectionMade(self) -> None:
        """Have it write through TLS."""
        self._session.transport = self.transport

    def dataReceived(self, data: bytes) -> None:
        """Hand decrypted octets on."""
        self._session.dataReceived(data)

    def handshakeCompleted(self) -> None:
        """Tell it."""
        self._session.handshakeCompleted()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell it."""
        self._session.connectionLost(reason)


def why_ended(reason: Failure) -> str:
    """Tell why a handshake came to nothing: what one side had against it, or that it left."""
    error = reason.value
    if isinstance(error, Error) and error.args and error.args[0]:
        return f"{HANDSHAKE_FAILED}: {error.args[0][0][-1]}"
    return f"{HANDSHAKE_LEFT}: {reason.getErrorMessage()}"


def facts(transport: ITransport) -> Encryption:
    """Tell of TLS what trace fields and log say, once the handshake is over."""
    connection = cast("Connection", cast("ISystemHandle", transport).getHandle())
    return Encryption(
        connection.get_protocol_version_name(),
        connection.get_cipher_name() or "",
        connection.get_cipher_bits() or 0,
    )
