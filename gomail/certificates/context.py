"""
What OpenSSL is told: modern versions and ciphers alone, and which certificate is shown to whom.

Twisted's CertificateOptions can't forbid renegotiation, nor tickets of TLS 1.3, nor choose by name
in all versions that we run with; so the context is made here.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from OpenSSL import SSL

from gomail.certificates.pair import Pair, PairError

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2; all five of TLS 1.3 are fine

_FLIGHT = 1024 * 1024  # octets of one side at a time; a chain has some thousands
_OPTIONS = SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE


def make_context(pairs: Sequence[Pair], *, session_tickets: bool = False) -> SSL.Context:
    """
    Make a context that shows the first pair, or the one that covers the name a client asks for.

    Each has shaken hands once, in memory, before anybody else is shown it.

    Raises:
        PairError: OpenSSL won't have a pair, such as one with a key that is too short or of a kind
            that TLS has no more.
    """
    others = [(pair, _context_of(pair)) for pair in pairs[1:]]
    context = _context_of(pairs[0])
    context.set_tlsext_servername_callback(_chooser(pairs[0], others, session_tickets))
    for pair, each in ((pairs[0], context), *others):
        with _refusal_of(pair):
            _shake_hands(each)
    return context


def _context_of(pair: Pair) -> SSL.Context:
    """Make a context that shows one pair."""
    context = SSL.Context(SSL.TLS_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(_OPTIONS)
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)  # idle sessions give their memory back
    context.set_cipher_list(CIPHERS)
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_session_id(b"gomail")
    with _refusal_of(pair):
        context.use_certificate(pair.certificate)
        context.use_privatekey(pair.key)  # type: ignore[arg-type]  # kinds that it can't use fail
        for each in pair.chain[1:]:
            context.add_extra_chain_cert(each)
        context.check_privatekey()
    return context


@contextmanager
def _refusal_of(pair: Pair) -> Iterator[None]:
    """Tell what OpenSSL has against a pair."""
    try:
        yield
    except SSL.Error as error:
        names = ", ".join(pair.names)
        why = error.args[0][-1][-1] if error.args and error.args[0] else "it does not say why"
        msg = f"OpenSSL refuses the certificate of {names} or its key: {why}"
        raise PairError(msg) from None


def _shake_hands(context: SSL.Context) -> None:
    """Let a client that asks for nothing in particular shake hands with it."""
    client, server = SSL.Connection(SSL.Context(SSL.TLS_METHOD)), SSL.Connection(context)
    client.set_connect_state()
    server.set_accept_state()
    for me, other in ((client, server), (server, client)) * 2:
        with suppress(SSL.WantReadError):
            me.do_handshake()
        with suppress(SSL.WantReadError):
            other.bio_write(me.bio_read(_FLIGHT))


def _chooser(
    first: Pair, others: Sequence[tuple[Pair, SSL.Context]], session_tickets: object
) -> Callable[[SSL.Connection], None]:
    """Make what is asked in every handshake, whether the client has named a host or not."""

    def choose(connection: SSL.Connection) -> None:
        if not session_tickets:
            # Set on the context, it would leave the tickets of TLS 1.3, which nobody can use then;
            # set here, once OpenSSL has decided to send tickets, it makes OpenSSL drop them all.
            connection.set_options(SSL.OP_NO_TICKET)
        name = (connection.get_servername() or b"").decode("ascii", "replace")
        if not name or first.covers(name):
            return
        for pair, context in others:
            if pair.covers(name):
                connection.set_context(context)
                return

    return choose
