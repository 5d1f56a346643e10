"""What a handshake comes to: versions, ciphers, tickets, and whose certificate is shown."""

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ed25519
from OpenSSL import SSL

from gomail.certificates.context import make_context
from gomail.certificates.pair import Pair, PairError
from tests.certificates.pairs import MX, Handshake, pair, short_key, with_other_key

VERSIONS = [SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION]


def shaken(pairs: list[Pair], name: str | None = None, **how: object) -> Handshake:
    """Shake hands with a server that has those pairs."""
    server = SSL.Connection(make_context(pairs), None)
    return Handshake(server, name, **how)  # type: ignore[arg-type]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (None, 0),
        ("unknown.example", 0),
        (MX, 0),
        ("mx.example.net", 1),
        ("MX.EXAMPLE.NET", 1),
        ("a.example.com", 2),
        ("a.b.example.com", 0),
        ("\xff\xfe", 0),
        ("x" * 250, 0),
    ],
)
def test_p11_certificate_is_chosen_by_name(version: int, name: str | None, shown: int) -> None:
    """Who names a host gets its certificate; who names none, or an unknown one, the first."""
    pairs = [pair(), pair("mx.example.net"), pair("*.example.com", MX)]
    met = shaken(pairs, name, version=version)
    assert met.certificate == pairs[shown].certificate


def test_whole_chain_is_shown() -> None:
    """Clients that look get what vouches for us, too, whichever certificate it is."""
    pairs = [pair(), pair("mx.example.net")]
    for name, each in zip((MX, "mx.example.net"), pairs, strict=True):
        shown = shaken(pairs, name).client.get_peer_cert_chain(as_cryptography=True)
        assert shown == list(each.chain)


@pytest.mark.parametrize("version", [SSL.TLS1_VERSION, SSL.TLS1_1_VERSION])
def test_p11_old_versions_are_refused(version: int) -> None:
    """TLS 1.0 and 1.1 end in an alert (RFC 8996)."""
    with pytest.raises(SSL.Error, match="protocol"):
        shaken([pair()], version=version)


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "ECDHE-ECDSA-AES256-SHA", "aNULL", "kRSA"])
def test_p11_old_ciphers_are_refused(ciphers: str) -> None:
    """No CBC, no key exchange without forward secrecy, nothing anonymous."""
    wanted = f"{ciphers}:@SECLEVEL=0".encode()
    with pytest.raises(SSL.Error, match="no shared cipher"):
        shaken([pair()], version=SSL.TLS1_2_VERSION, ciphers=wanted)


@pytest.mark.parametrize("version", VERSIONS)
def test_modern_ciphers_are_spoken(version: int) -> None:
    """Authenticated encryption alone, with keys that are forgotten."""
    cipher = shaken([pair()], version=version).server.get_cipher_name()
    assert cipher is not None
    assert "GCM" in cipher or "CHACHA20" in cipher


def test_p11_renegotiation_is_refused() -> None:
    """A client that asks for another handshake in TLS 1.2 gets none."""
    met = shaken([pair()], version=SSL.TLS1_2_VERSION)
    met.client.renegotiate()
    with pytest.raises(SSL.WantReadError):
        met.client.do_handshake()
    met.server.bio_write(met.client.bio_read(65536))
    with pytest.raises(SSL.WantReadError):
        met.server.recv(1)
    met.client.bio_write(met.server.bio_read(65536))
    with pytest.raises(SSL.Error, match="no renegotiation"):
        met.client.do_handshake()


def test_p11_pair_that_openssl_refuses_is_told() -> None:
    """Keys that don't fit, are too short, or of a kind that no client knows end in one line."""
    for each, why in (
        (with_other_key(pair()), "key values mismatch"),
        (pair(key=short_key()), "key too small"),
        (pair(key=dsa.generate_private_key(2048)), "(?:no shared cipher|signature algorithm)"),
    ):
        for pairs in ([each], [pair(), each]):
            with pytest.raises(PairError, match=f"^OpenSSL refuses .* of {MX} .*: .*{why}$"):
                make_context(pairs)


def test_ed25519_is_spoken() -> None:
    """Another kind of key than most have."""
    each = pair(key=ed25519.Ed25519PrivateKey.generate())
    assert shaken([each]).certificate == each.certificate


@pytest.mark.parametrize("on", [False, True])
def test_session_tickets_are_sent_where_they_were_asked_for(*, on: bool) -> None:
    """Neither TLS 1.2 nor 1.3 sends one otherwise: it was over them that Outlook once failed."""
    server = SSL.Connection(make_context([pair()], session_tickets=on), None)
    last = Handshake(server, version=SSL.TLS1_2_VERSION).flights[-1]
    # NewSessionTicket is a handshake record (RFC 5077 §3.3), in the place of ChangeCipherSpec.
    assert (last[0], last[5]) == ((22, 4) if on else (20, 1))
    server = SSL.Connection(make_context([pair()], session_tickets=on), None)
    flights = Handshake(server, version=SSL.TLS1_3_VERSION).flights
    assert len(flights) == 1 + on  # tickets come when the client has finished (RFC 8446 §4.6.1)


def test_chain_may_be_one_certificate() -> None:
    """Nobody else needs to vouch for it."""
    each = pair()
    alone = Pair(each.chain[:1], each.key)
    assert shaken([alone]).client.get_peer_cert_chain(as_cryptography=True) == [each.certificate]
