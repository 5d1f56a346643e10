"""The client's end of a session in memory that begins TLS in the middle, as STARTTLS does."""

from OpenSSL.SSL import (
    TLS_CLIENT_METHOD,
    Connection,
    Context,
    Error,
    WantReadError,
    ZeroReturnError,
)
from twisted.internet.defer import Deferred

from gomail.testing.wire import Wire

_MOST = 64 * 1024  # octets that are taken at once


class SecretWire(Wire):
    """A `gomail.testing.wire.Wire` that can encrypt; it believes any certificate, as senders do."""

    _tls: Connection | None = None
    _shaking: Deferred[None] | None = None

    async def encrypt(self) -> bool:
        """Shake hands, behind the reply to STARTTLS; tell whether that has come to a good end."""
        self._tls = Connection(Context(TLS_CLIENT_METHOD), None)
        self._tls.set_connect_state()
        self._shaking = Deferred()
        shaken = self._shaking
        self._shake(self._tls)
        await shaken
        return not self.closed

    def send(self, octets: bytes) -> None:
        """Send octets, encrypted where that has begun."""
        if self._tls is None:
            super().send(octets)
            return
        self._record("C", octets)
        for start in range(0, len(octets), _MOST):
            self._tls.sendall(octets[start : start + _MOST])
            self._carry(self._tls)
        self.settle()

    def _arrived(self, octets: bytes) -> None:
        """Take octets from the server."""
        if self._tls is None:
            super()._arrived(octets)
            return
        self._tls.bio_write(octets)
        if self._shaking is not None:
            self._shake(self._tls)
        if self._shaking is None:
            plaintext = self._read(self._tls)
            self._carry(self._tls)
            super()._arrived(plaintext)

    def _wake(self) -> None:
        """Let who waits look again; the connection may be over."""
        super()._wake()
        if self.closed:
            self._shaken()

    def _shake(self, tls: Connection) -> None:
        """Go on with the handshake."""
        try:
            tls.do_handshake()
        except WantReadError:
            self._carry(tls)
        except Error:
            # In a turn of its own: this may be the middle of what the server's end is doing.
            self._clock.callLater(0, self.drop)
        else:
            self._carry(tls)
            self._shaken()

    def _shaken(self) -> None:
        """Know that the handshake is over, one way or the other."""
        shaking, self._shaking = self._shaking, None
        if shaking is not None:
            shaking.callback(None)

    def _read(self, tls: Connection) -> bytes:
        """Decrypt what has come, and answer the server's goodbye."""
        pieces = []
        try:
            while True:
                pieces.append(tls.recv(_MOST))
        except WantReadError:
            pass
        except ZeroReturnError:
            tls.shutdown()
        return b"".join(pieces)

    def _carry(self, tls: Connection) -> None:
        """Send what TLS has to say."""
        try:
            while True:
                self._transport.receive(tls.bio_read(_MOST))
        except WantReadError:
            pass
