"""Real peers over TLS: what they send is encrypted, and arrives as it was."""

import re
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.conftest import StartGomail
from tests.interop.exim import Exim
from tests.interop.exim import handed_in as handed_to_exim
from tests.interop.postfix import Postfix
from tests.interop.postfix import handed_in as handed_to_postfix
from tests.interop.samples import DOTS, EIGHT_BIT, large, sample
from tests.interop.server import Gomail
from tests.interop.software import needs, run
from tests.interop.stored import arrived, the_only_one, wait_for_messages
from tests.interop.swaks import swaks
from tests.patience import PATIENCE

pytestmark = pytest.mark.interop

SENDER, RECIPIENT = "samuel@sender.example", "alfred@example.org"
ENCRYPTED = re.compile(r"^TLSv1\.[23] cipher TLS_\w+ \((?:128|256) bits\)$")


def s_client(gomail: Gomail, *options: str, say: bytes = b"") -> str:
    """Shake hands by openssl's client, say something, and give all that it has seen."""
    command = [needs("openssl"), "s_client", "-starttls", "smtp", *options]
    done = subprocess.run(
        [*command, "-connect", f"127.0.0.1:{gomail.port}"],
        input=say,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    return done.stdout.decode(errors="replace")


def test_openssl_shakes_hands(gomail: Gomail) -> None:
    """With both versions that there still are, in the ciphers that we chose."""
    for option, cipher in (("-tls1_3", "TLS_AES_256_GCM_SHA384"), ("-tls1_2", "ECDHE-ECDSA-AES")):
        seen = s_client(gomail, option, "-crlf", say=b"QUIT\n")
        assert f"Cipher is {cipher}" in seen, seen
        assert "CN = mx.example.org" in seen or "CN=mx.example.org" in seen, seen
        assert "Compression: NONE" in seen
        assert "New, TLSv1" in seen


@pytest.mark.parametrize("option", ["-tls1_1", "-tls1"])
def test_p11_old_versions_are_refused(gomail: Gomail, option: str) -> None:
    """The client is told so by an alert, and the log says why it went."""
    seen = s_client(gomail, option, "-cipher", "ALL:@SECLEVEL=0")
    assert "Cipher is (NONE)" in seen, seen
    gomail.wait_for_line(r"the TLS handshake failed: unsupported protocol")


def test_p11_weak_ciphers_are_refused(gomail: Gomail) -> None:
    """CBC, RSA key exchange, and what has no authentication."""
    weak = "AES128-SHA:AES256-SHA256:ECDHE-ECDSA-AES128-SHA256:AECDH-AES256-SHA:eNULL"
    seen = s_client(gomail, "-tls1_2", "-cipher", f"{weak}:@SECLEVEL=0")
    assert "Cipher is (NONE)" in seen, seen


def test_e11_renegotiation_is_refused(gomail: Gomail) -> None:
    """A client that would shake hands once more in the session is not let."""
    seen = s_client(gomail, "-tls1_2", "-legacy_renegotiation", say=b"R\nQUIT\n")
    assert "RENEGOTIATING" in seen
    assert "no renegotiation" in seen.lower(), seen
    gomail.wait_for_line(r"starttls=1")


def test_sslscan_finds_nothing_weak(gomail: Gomail) -> None:
    """No old protocol, no weak cipher, no compression, no Heartbleed, no renegotiation."""
    command = [needs("sslscan"), "--starttls-smtp", "--no-colour", f"127.0.0.1:{gomail.port}"]
    seen = run(command)
    for version in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
        assert re.search(rf"^{re.escape(version)}\s+disabled$", seen, re.MULTILINE), seen
    for version in ("TLSv1.2", "TLSv1.3"):
        assert re.search(rf"^{re.escape(version)}\s+enabled$", seen, re.MULTILINE), seen
    accepted = re.compile(r"^(?:Preferred|Accepted) +TLSv1.[23] +\d+ bits +(\S+)", re.MULTILINE)
    ciphers = accepted.findall(seen)
    assert ciphers
    fine = re.compile(r"TLS_(?:AES_\d+_GCM|CHACHA20_POLY1305)_\w+|ECDHE-ECDSA-\S*(?:GCM|CHA)\S+")
    assert not [cipher for cipher in ciphers if not fine.fullmatch(cipher)], seen
    assert "Session renegotiation not supported" in seen
    assert "Server supports TLS Fallback SCSV" in seen
    assert "vulnerable" not in seen.replace("not vulnerable", ""), seen


def test_swaks_sends_a_message_over_tls(gomail: Gomail, folder: Path) -> None:
    """What a postmaster tries out; our trace field says how it was encrypted."""
    options = f"--tls --helo client.example --from {SENDER} --to {RECIPIENT}"
    swaks(gomail, folder, sample(), options)
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample()
    assert stored.protocol == "ESMTPS"
    assert ENCRYPTED.match(stored.encryption), stored.encryption


def test_swaks_is_refused_without_tls_where_it_is_required(
    folder: Path, start_gomail: StartGomail
) -> None:
    """530, and not a word of the envelope was taken."""
    gomail = start_gomail(settings=_REQUIRED.format(folder=folder))
    file = folder / "message"
    file.write_bytes(sample())
    done = subprocess.run(
        [
            needs("swaks"),
            *("--server", f"127.0.0.1:{gomail.port}", "--from", SENDER, "--to", RECIPIENT),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=PATIENCE,
        check=False,
    )
    assert b"<** 530 5.7.0 Say STARTTLS first" in done.stdout
    swaks(gomail, folder, sample(), f"--tls --from {SENDER} --to {RECIPIENT}")
    assert the_only_one(gomail.maildir).protocol == "ESMTPS"


_REQUIRED = """
hostname = "mx.example.org"
maildir = "{folder}/Maildir"
[[listener]]
endpoint = "tcp:0:interface=127.0.0.1"
tls = "required"
[domains."example.org"]
"""


@pytest.fixture
def postfix(folder: Path, gomail: Gomail) -> Iterator[Postfix]:
    """Give a Postfix that relays to the gomail over TLS or not at all; it is not started yet."""
    postfix = Postfix(
        folder, gomail.port, "smtp_tls_security_level = encrypt\nsmtp_tls_loglevel = 1"
    )
    yield postfix
    postfix.stop()


@pytest.mark.needs_root
def test_postfix_relays_its_queue_over_tls(gomail: Gomail, postfix: Postfix) -> None:
    """Twenty messages, one of them large: nothing stays, everything arrives encrypted."""
    messages = [*(sample(number) for number in range(20)), large(5_000_000)]
    for message in messages:
        run([*postfix.sendmail, "-i", "-f", SENDER, RECIPIENT], feed=message)
    postfix.start()
    stored = wait_for_messages(gomail.maildir, len(messages))
    postfix.wait_until_empty()
    assert sorted(map(handed_to_postfix, stored)) == sorted(messages)
    assert {each.protocol for each in stored} == {"ESMTPS"}
    assert all(ENCRYPTED.match(each.encryption) for each in stored)
    assert "Untrusted TLS connection established to 127.0.0.1" in postfix.log


@pytest.mark.needs_root
def test_exim_sends_chunks_over_tls(gomail: Gomail, folder: Path) -> None:
    """BDAT with LAST behind RCPT in one packet, as Exim does where CHUNKING is announced."""
    exim = Exim(folder, gomail.port)
    messages = [sample(1), sample(2, body=EIGHT_BIT + DOTS), large(5_000_000)]
    for message in messages:
        exim.queue(SENDER, RECIPIENT, message=message)
    exim.run_queue()
    stored = arrived(gomail.maildir)
    assert sorted(map(handed_to_exim, stored)) == sorted(messages)
    assert {each.protocol for each in stored} == {"ESMTPS"}
    gomail.wait_for_line(r"C: BDAT \d+ LAST")
    assert "C: DATA" not in gomail.output


def test_f3_nothing_injected_before_the_handshake_is_run(gomail: Gomail) -> None:
    """On a real wire: the command behind STARTTLS ends the session, in plaintext and at once."""
    with socket.create_connection(("127.0.0.1", gomail.port), timeout=PATIENCE) as wire:
        reader = wire.makefile("rb")
        assert reader.readline().startswith(b"220 ")
        wire.sendall(b"EHLO client.example\r\n")
        while not reader.readline().startswith(b"250 "):
            pass
        wire.sendall(b"STARTTLS\r\nMAIL FROM:<evil@there.example>\r\n")
        assert reader.readline().startswith(b"554 5.5.1 ")
        assert reader.read() == b""
    assert "C: MAIL" not in gomail.output


def test_f3_every_octet_behind_the_220_is_tls(gomail: Gomail) -> None:
    """The wire is read raw, while a client talks through it in memory."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    client = context.wrap_bio(incoming, outgoing)
    raw = b""
    with socket.create_connection(("127.0.0.1", gomail.port), timeout=PATIENCE) as wire:
        reader = wire.makefile("rb", buffering=0)
        for line in (b"", b"EHLO client.example\r\n", b"STARTTLS\r\n"):
            wire.sendall(line)
            while not re.search(rb"^\d{3} [^\n]*\n\Z", said := reader.read(4096), re.MULTILINE):
                pass
        assert said == b"220 2.0.0 Ready to start TLS\r\n"
        said = b""
        lines = [b"EHLO x\r\n", b"NOOP\r\n" * 50, b"HELP\r\n", b"XYZZY\r\n", b"QUIT\r\n"]
        while True:
            try:
                client.do_handshake()
                if lines:
                    client.write(lines.pop(0))
                while b"221 2.0.0" not in said:
                    said += client.read(65536)
            except ssl.SSLWantReadError:
                pass
            else:
                break
            wire.sendall(outgoing.read())
            heard = reader.read(65536)
            raw += heard
            incoming.write(heard)
    records = 0
    while raw:
        assert raw[0] in {20, 21, 22, 23}
        assert raw[1:3] == b"\x03\x03"
        raw = raw[5 + int.from_bytes(raw[3:5], "big") :]
        records += 1
    assert records > 5
