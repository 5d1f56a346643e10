"""Certificates and keys as their owners leave them lying about."""

import os
import pwd
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from gomail.certificates.pair import LARGEST, Pair, PairError, read_pair
from gomail.certificates.wanted import Files
from tests.certificates.pairs import (
    MX,
    NOW,
    authority,
    chain_of,
    key_of,
    named,
    pair,
    with_other_key,
    written,
)


def problem(files: Files) -> str:
    """Give why a pair can't be read, without the folder."""
    with pytest.raises(PairError) as caught:
        read_pair(files)
    assert "\n" not in str(caught.value)
    return str(caught.value).replace(f"{Path(files.key).parent}/", "")


def test_pair_is_read(tmp_path: Path) -> None:
    """The chain is as long as in the file, the key fits, names and times are known."""
    made = pair(MX, "*.Example.net")
    read = read_pair(written(tmp_path, made))
    assert read.chain == made.chain
    assert read.names == (MX, "*.example.net")
    assert (read.begins, read.ends) == (NOW - timedelta(days=10), NOW + timedelta(days=80))
    assert read.left(NOW) == timedelta(days=80)
    assert not read.self_signed
    assert int(read.serial, 16) == read.certificate.serial_number
    assert len(read.serial) % 2 == 0


@pytest.mark.parametrize(
    ("name", "covered"),
    [
        ("mx.example.org", True),
        ("MX.Example.ORG.", True),
        ("a.example.net", True),
        ("example.net", False),
        ("a.b.example.net", False),
        ("*.example.net", True),
        ("", False),
        ("net", False),
        ("mx.example.orgs", False),
    ],
)
def test_p11_names_are_covered_as_rfc_9525_says(name: str, *, covered: bool) -> None:
    """A wildcard stands for exactly one label; case and a final dot are no matter."""
    assert pair(MX, "*.example.net").covers(name) is covered


def test_name_may_stand_in_the_subject_alone() -> None:
    """An old certificate without alternative names is for its common name."""
    certificate, key = authority()
    assert Pair((certificate,), key).names == ("test ca",)
    assert Pair((certificate,), key).self_signed


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
def test_key_may_stand_in_either_form_and_in_the_same_file(
    tmp_path: Path, form: PrivateFormat
) -> None:
    """PKCS #8 or as OpenSSL used to write it; and behind the parameters of its curve."""
    made = pair(key=rsa.generate_private_key(65537, 2048))
    path = tmp_path / "both.pem"
    junk = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    path.write_bytes(b"Bag Attributes\n" + junk + key_of(made, form) + chain_of(made))
    read = read_pair(Files(str(path), str(path)))
    assert read.chain == made.chain


def test_p11_key_of_another_certificate_is_told(tmp_path: Path) -> None:
    """Both files are named."""
    files = written(tmp_path, with_other_key(pair()))
    assert problem(files) == "the key mx.key does not belong to the certificate mx.crt"


def test_p11_chain_in_the_wrong_order_is_told(tmp_path: Path) -> None:
    """Our own certificate comes first (RFC 8446 §4.4.2); then the key fits another one."""
    made = pair()
    files = written(tmp_path, made)
    Path(files.certificate).write_bytes(chain_of(Pair(made.chain[::-1], made.key)))
    assert "does not belong" in problem(files)


def test_swapped_files_are_told(tmp_path: Path) -> None:
    """Each that holds the other's is named."""
    files = written(tmp_path, pair())
    swapped = Files(files.key, files.certificate)
    expected = "mx.key: a certificate in PEM was expected, not a key: were the two swapped?"
    assert problem(swapped) == expected
    twice = Files(files.certificate, files.certificate)
    expected = "mx.crt: a key in PEM was expected, not a certificate: were the two swapped?"
    assert problem(twice) == expected


@pytest.mark.parametrize("cut", [1, 100, 500, 900])
def test_p11_half_written_certificate_is_told(tmp_path: Path, cut: int) -> None:
    """Wherever the writing stopped, in our certificate or in one that vouches for it."""
    files = written(tmp_path, pair())
    path = Path(files.certificate)
    octets = path.read_bytes()
    path.write_bytes(octets[: len(octets) * cut // 1000])
    assert problem(files).startswith("mx.crt: ")


@pytest.mark.parametrize("cut", [1, 100, 500, 900])
def test_p11_half_written_key_is_told(tmp_path: Path, cut: int) -> None:
    """A key that ends too soon is not whole."""
    files = written(tmp_path, pair())
    path = Path(files.key)
    octets = path.read_bytes()
    path.write_bytes(octets[: len(octets) * cut // 1000])
    expected = "a key in PEM was expected" if cut < 200 else "the key in it is not whole"
    assert problem(files) == f"mx.key: {expected}"


@pytest.mark.parametrize("octets", [b"", b"\0" * 1000, b"\xff\xfe nonsense"])
def test_p11_nonsense_is_told(tmp_path: Path, octets: bytes) -> None:
    """Empty files, zeros of a lost block, and anything else."""
    files = written(tmp_path, pair())
    Path(files.certificate).write_bytes(octets)
    assert problem(files) == "mx.crt: a certificate in PEM was expected"
    files = written(tmp_path, pair())
    Path(files.key).write_bytes(octets)
    assert problem(files) == "mx.key: a key in PEM was expected"


def test_p11_broken_pem_is_told(tmp_path: Path) -> None:
    """What looks like PEM and is none."""
    files = written(tmp_path, pair())
    for path, what in (
        (Path(files.certificate), b"CERTIFICATE"),
        (Path(files.key), b"PRIVATE KEY"),
    ):
        whole = path.read_bytes()
        path.write_bytes(b"-----BEGIN %b-----\nAAAA\n-----END %b-----\n" % (what, what))
        assert f"{path.name}: a " in problem(files)
        assert "in PEM was expected, and this is a broken one: " in problem(files)
        path.write_bytes(whole)


def test_key_with_a_passphrase_is_told(tmp_path: Path) -> None:
    """Nobody is there to type one."""
    made = pair()
    files = written(tmp_path, made)
    encryption = BestAvailableEncryption(b"secret")
    octets = made.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    Path(files.key).write_bytes(octets)
    assert problem(files) == "mx.key: a key without a passphrase was expected"


def test_key_of_a_kind_that_tls_has_not_is_read_all_the_same(tmp_path: Path) -> None:
    """Whether OpenSSL can use a key is found out when it is asked."""
    key = dsa.generate_private_key(2048)
    ca = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(named(MX)).issuer_name(named(MX))
    builder = builder.public_key(key.public_key()).serial_number(1)
    certificate = builder.not_valid_before(NOW).not_valid_after(NOW).sign(ca, hashes.SHA256())
    assert read_pair(written(tmp_path, Pair((certificate,), key))).serial == "01"


def test_missing_file_is_told(tmp_path: Path) -> None:
    """With what the system says of it."""
    files = written(tmp_path, pair())
    Path(files.key).unlink()
    assert problem(files) == "the key mx.key can't be read: No such file or directory"
    Path(files.certificate).unlink()
    assert problem(files) == "the certificate mx.crt can't be read: No such file or directory"


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    """A folder, a pipe that would hold us up for ever, an endless device, and a name with NUL."""
    files = written(tmp_path, pair())
    assert problem(Files(str(tmp_path), files.key)).endswith(": a file was expected")
    os.mkfifo(tmp_path / "fifo")
    assert problem(Files(str(tmp_path / "fifo"), files.key)).endswith("fifo: a file was expected")
    assert problem(Files("/dev/zero", files.key)).endswith("/dev/zero: a file was expected")
    assert "can't be read: " in problem(Files("a\0b", files.key))


def test_enormous_file_is_told(tmp_path: Path) -> None:
    """It is not read to its end."""
    files = written(tmp_path, pair())
    with Path(files.certificate).open("wb") as file:
        file.truncate(10 * LARGEST)
    assert problem(files) == "the certificate mx.crt: a file of 1048576 octets at most was expected"


@pytest.mark.parametrize("known", [True, False])
def test_unreadable_key_is_told_with_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    """Who can't read which file, and what makes a copy that can be read."""
    files = written(tmp_path, pair())
    really = Path.open

    def refuse(self: Path, how: str) -> object:
        if self.name == "mx.key":
            raise PermissionError(13, "Permission denied")
        return really(self, how)

    monkeypatch.setattr(Path, "open", refuse)
    if not known:
        monkeypatch.setattr(os, "geteuid", lambda: 2_000_000_000)
    name = pwd.getpwuid(os.geteuid()).pw_name if known else "uid 2000000000"
    assert problem(files) == (
        f"the key mx.key can't be read by {name}; a copy that can be is made by: "
        f'sudo "$(which gomail)" certificates install --user {name}'
    )
