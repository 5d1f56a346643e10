"""Programs that hand a message straight to the MX."""

import smtplib
from pathlib import Path

import pytest

from tests.interop.conftest import StartGomail
from tests.interop.samples import DOTS, EIGHT_BIT, large, on_the_wire, sample
from tests.interop.server import Gomail
from tests.interop.software import needs, run
from tests.interop.stored import arrived, the_only_one
from tests.interop.swaks import swaks
from tests.patience import PATIENCE

SENDER, RECIPIENT = "samuel@sender.example", "alfred@example.org"


@pytest.mark.interop
def test_swaks_sends_a_message(gomail: Gomail, folder: Path) -> None:
    """What a postmaster tries out with swaks is stored as it was typed."""
    options = f"--helo client.example --from {SENDER} --to {RECIPIENT}"
    swaks(gomail, folder, sample(), options)
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample()
    assert stored.reverse_path == SENDER
    assert stored.delivered_to == (RECIPIENT,)
    assert (stored.helo, stored.protocol, stored.only) == ("client.example", "ESMTP", RECIPIENT)


@pytest.mark.interop
def test_swaks_speaks_plain_smtp(gomail: Gomail, folder: Path) -> None:
    """A client from before ESMTP, which says HELO, is served as well."""
    options = f"--protocol SMTP --helo old.example --from <> --to {RECIPIENT}"
    swaks(gomail, folder, sample(), options)
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample()
    assert (stored.reverse_path, stored.helo, stored.protocol) == ("", "old.example", "SMTP")


@pytest.mark.interop
def test_swaks_pipelines(gomail: Gomail, folder: Path) -> None:
    """Commands that come in one packet are answered in their order."""
    recipients = tuple(f"user{number}@example.org" for number in range(20))
    options = f"--pipeline --helo client.example --from {SENDER} --to {','.join(recipients)}"
    swaks(gomail, folder, sample(), options)
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample()
    assert stored.delivered_to == recipients
    assert not stored.only


def msmtp(gomail: Gomail, message: bytes, options: str) -> None:
    """Send a message by msmtp."""
    server = f"--file=/dev/null --host=127.0.0.1 --port={gomail.port} --tls=off --auth=off"
    run([needs("msmtp"), *server.split(), *options.split()], feed=message)


@pytest.mark.interop
def test_msmtp_sends_a_message(gomail: Gomail) -> None:
    """A message that msmtp reads from its input is stored as it was, dots and umlauts included."""
    options = f"--domain=client.example --from={SENDER} {RECIPIENT} bell@example.org"
    msmtp(gomail, sample(), options)
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample()
    assert stored.reverse_path == SENDER
    assert stored.delivered_to == (RECIPIENT, "bell@example.org")
    assert (stored.helo, stored.protocol) == ("client.example", "ESMTP")


@pytest.mark.interop
def test_msmtp_reads_the_recipients_from_the_message(gomail: Gomail) -> None:
    """With -t, as cron and PHP call it, the address in To gets the message."""
    msmtp(gomail, sample(), "--read-envelope-from -t")
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample()
    assert (stored.reverse_path, stored.delivered_to) == (SENDER, (RECIPIENT,))


def curl(gomail: Gomail, message: Path) -> None:
    """Send a file by curl."""
    options = f"--silent --show-error --max-time 15 --mail-from {SENDER} --mail-rcpt {RECIPIENT}"
    url = f"smtp://127.0.0.1:{gomail.port}/client.example"
    run([needs("curl"), "--noproxy", "*", *options.split(), "--upload-file", message, url])


@pytest.mark.interop
def test_curl_sends_a_file(gomail: Gomail, folder: Path) -> None:
    """A file with the line ends of SMTP arrives as it is."""
    message = folder / "message"
    message.write_bytes(on_the_wire(sample()))
    curl(gomail, message)
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample()
    assert (stored.reverse_path, stored.delivered_to) == (SENDER, (RECIPIENT,))
    assert (stored.helo, stored.protocol) == ("client.example", "ESMTP")


@pytest.mark.interop
def test_curl_sends_a_file_with_bare_newlines(gomail: Gomail, folder: Path) -> None:
    """A text file that curl sends without converting its line ends is stored, and is logged."""
    message = folder / "message"
    message.write_bytes(sample(body=EIGHT_BIT).removesuffix(b"\n"))  # curl adds CRLF
    curl(gomail, message)
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample(body=EIGHT_BIT)
    bare = stored.content.count(b"\n") - 1
    gomail.wait_for_line(rf"stored .*, {bare} bare-lf,")


@pytest.mark.interop
def test_curl_sends_20_megabytes(gomail: Gomail, folder: Path) -> None:
    """A photo album arrives whole."""
    message = folder / "message"
    message.write_bytes(on_the_wire(large(20_000_000)))
    curl(gomail, message)
    assert the_only_one(gomail.maildir).content == large(20_000_000)
    gomail.wait_for_line(rf"MAIL FROM:<{SENDER}> SIZE={message.stat().st_size}")


@pytest.mark.interop
def test_curl_sends_a_file_that_is_too_large(folder: Path, start_gomail: StartGomail) -> None:
    """A file above the limit is refused before it is sent, and nothing of it is stored."""
    gomail = start_gomail("--domain", "example.org", "--size", "1 MiB")
    message = folder / "message"
    message.write_bytes(on_the_wire(large(2_000_000)))
    with pytest.raises(AssertionError, match="MAIL failed: 552"):
        curl(gomail, message)
    assert not arrived(gomail.maildir)


@pytest.mark.system
def test_smtplib_sends_messages(gomail: Gomail) -> None:
    """A Python script sends ten messages in one session, and each is stored as it was."""
    with smtplib.SMTP("127.0.0.1", gomail.port, "client.example", timeout=PATIENCE) as client:
        for number in range(10):
            message = on_the_wire(sample(number))
            client.sendmail(SENDER, [RECIPIENT], message, ["BODY=8BITMIME"])
    stored = arrived(gomail.maildir)
    assert [each.content for each in stored] == [sample(number) for number in range(10)]
    assert {each.reverse_path for each in stored} == {SENDER}
    assert {each.protocol for each in stored} == {"ESMTP"}
    assert {each.helo for each in stored} == {"client.example"}
    gomail.wait_for_line(r"ehlo=1 mail=10 rcpt=10 data=10 quit=1")


@pytest.mark.system
def test_smtplib_sends_to_an_address_in_utf8(gomail: Gomail) -> None:
    """Who writes to grüße@example.org reaches that address (RFC 6531)."""
    message = DOTS + EIGHT_BIT
    with smtplib.SMTP("127.0.0.1", gomail.port, "client.example", timeout=PATIENCE) as client:
        client.sendmail(
            "żółw@sender.example",
            ["grüße@example.org"],
            on_the_wire(sample(body=message)),
            ["SMTPUTF8", "BODY=8BITMIME"],
        )
    stored = the_only_one(gomail.maildir)
    assert stored.content == sample(body=message)
    assert stored.reverse_path == "żółw@sender.example"
    assert stored.delivered_to == ("grüße@example.org",)
    assert stored.protocol == "UTF8SMTP"


@pytest.mark.system
def test_smtplib_hears_who_was_refused(gomail: Gomail) -> None:
    """Of two recipients the one of another domain is refused, and the other gets the message."""
    with smtplib.SMTP("127.0.0.1", gomail.port, "client.example", timeout=PATIENCE) as client:
        refused = client.sendmail(
            SENDER, [RECIPIENT, "somebody@elsewhere.example"], on_the_wire(sample())
        )
    assert {address: code for address, (code, _) in refused.items()} == {
        "somebody@elsewhere.example": 550
    }
    assert the_only_one(gomail.maildir).delivered_to == (RECIPIENT,)
