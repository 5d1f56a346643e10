"""The certificate that a server makes for itself."""

import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gomail.certificates.own import LIFETIME, NAME, RENEWED, as_pem, is_due, kept_own, make_own
from gomail.certificates.pair import Pair
from tests.certificates.pairs import MX, NOW, short_key
from tests.certificates.pairs import pair as pair_for


def test_pair_is_for_the_host_name() -> None:
    """ECDSA P-256, signed by itself, for a year; clocks may differ by a day."""
    pair = make_own(MX, NOW)
    assert (pair.names, pair.self_signed) == ((MX,), True)
    assert pair.ends == NOW + LIFETIME
    assert pair.begins == NOW - timedelta(days=1)
    assert isinstance(pair.key, ec.EllipticCurvePrivateKey)
    assert pair.key.curve.name == "secp256r1"
    constraints = pair.certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert not constraints.value.ca


def test_long_host_name_is_no_matter() -> None:
    """A subject holds 64 characters; the alternative name holds all of them."""
    name = ".".join(["a" * 60] * 4)
    assert make_own(name, NOW).names == (name,)


def test_pair_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """Folder 0700, file 0600, and nothing else; the next start finds it."""
    folder = tmp_path / "state" / "gomail"
    pair = kept_own(str(folder), MX, NOW)
    assert [each.name for each in folder.iterdir()] == [NAME]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / NAME).stat().st_mode) == 0o600
    assert kept_own(str(folder), MX, NOW).certificate == pair.certificate
    assert (folder / NAME).read_bytes() == as_pem(pair)


@pytest.mark.parametrize(
    ("hostname", "days", "due"),
    [
        (MX, 0, False),
        (MX.upper(), 0, False),
        ("other.example", 0, True),
        (MX, (LIFETIME - RENEWED).days, False),
        (MX, (LIFETIME - RENEWED).days + 1, True),
        (MX, 50 * 365, True),
        (MX, -2, True),
    ],
)
def test_p12_pair_is_renewed_in_time(
    tmp_path: Path, hostname: str, days: int, *, due: bool
) -> None:
    """Well before its end, after its end, for another name, and when the clock was ahead once."""
    first = kept_own(str(tmp_path), MX, NOW)
    assert is_due(first, hostname, NOW + timedelta(days=days)) is due
    second = kept_own(str(tmp_path), hostname, NOW + timedelta(days=days))
    assert (second.certificate != first.certificate) is due
    assert second.covers(hostname)
    third = kept_own(str(tmp_path), hostname, NOW + timedelta(days=days))
    assert third.certificate == second.certificate


@pytest.mark.parametrize("octets", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\n"])
def test_broken_file_is_made_anew(tmp_path: Path, octets: bytes) -> None:
    """Whatever became of it on the disk."""
    (tmp_path / NAME).write_bytes(octets)
    pair = kept_own(str(tmp_path), MX, NOW)
    assert (tmp_path / NAME).read_bytes() == as_pem(pair)


@pytest.mark.parametrize(
    "key", [short_key(), ec.generate_private_key(ec.SECP384R1())], ids=["short", "other"]
)
def test_foreign_pair_in_its_place_is_made_anew(
    tmp_path: Path, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
) -> None:
    """One that OpenSSL may refuse must not keep a server from starting."""
    foreign = pair_for(MX, ends=NOW + LIFETIME, key=key)
    (tmp_path / NAME).write_bytes(as_pem(foreign))
    assert kept_own(str(tmp_path), MX, NOW).certificate != foreign.certificate


def test_pair_is_written_as_a_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fails leaves the old file as it was, and no other."""
    kept_own(str(tmp_path), MX, NOW)
    before = (tmp_path / NAME).read_bytes()

    def fail(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output error"):
        kept_own(str(tmp_path), "other.example", NOW)
    assert [each.name for each in tmp_path.iterdir()] == [NAME]
    assert (tmp_path / NAME).read_bytes() == before


def test_file_is_synced_before_it_gets_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with mail: what is there under its name is there as a whole."""
    synced: list[tuple[bool, bool]] = []
    really = os.fsync

    def sync(fd: int) -> None:
        synced.append((stat.S_ISDIR(os.fstat(fd).st_mode), (tmp_path / NAME).exists()))
        really(fd)

    monkeypatch.setattr(os, "fsync", sync)
    kept_own(str(tmp_path), MX, NOW)
    assert synced == [(False, False), (True, True)]


def test_pem_holds_key_and_chain() -> None:
    """In one file."""
    pair = make_own(MX, NOW)
    octets = as_pem(Pair((*pair.chain, *pair.chain), pair.key))
    assert octets.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert octets.count(b"-----BEGIN CERTIFICATE-----") == 2
