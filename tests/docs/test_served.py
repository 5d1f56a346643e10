"""A developer's delivery, served by the examples of docs/developers.md."""

import signal
import smtplib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from tests.docs.examples import (
    LETTER,
    copy_examples,
    running,
    send,
)
from tests.patience import PATIENCE
from tests.smtp.certificate import certified
from tests.system.running import free_port


@pytest.mark.system
def test_encrypted_delivery_takes_mail(tmp_path: Path) -> None:
    """encrypted.py runs, with a certificate as Twisted has them."""
    port = free_port()
    copy_examples(tmp_path, p2525=port)
    key, signed = certified()
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(signed.public_bytes(pem) + private)
    with (
        running(tmp_path, "encrypted.py", port=port),
        smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client,
    ):
        client.starttls()
        client.sendmail("a@client.example", ["support@here.example"], LETTER)


def test_served_delivery_takes_mail(tmp_path: Path) -> None:
    """serve.py runs, and a letter becomes a row."""
    import sqlite3

    port = free_port()
    copy_examples(tmp_path, p2525=port)
    with running(tmp_path, "serve.py", port=port):
        send(port, "support@here.example")
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            send(port, "nobody@here.example")
    database = sqlite3.connect(tmp_path / "tickets.db")
    assert database.execute("SELECT reverse_path, content FROM ticket").fetchall() == [
        ("<a@client.example>", LETTER)
    ]
    database.close()


def test_served_delivery_ends_soon(tmp_path: Path) -> None:
    """A client in the middle of a message is waited for, but not until its own time is over."""
    port = free_port()
    copy_examples(tmp_path, p2525=port)
    path = tmp_path / "serve.py"
    served = path.read_text()
    assert served.count("callLater(10,") == 1
    path.write_text(served.replace("callLater(10,", "callLater(0.5,"))
    with (
        running(tmp_path, "serve.py", port=port) as process,
        smtplib.SMTP("127.0.0.1", port, timeout=PATIENCE) as client,
    ):
        client.ehlo("client.example")
        client.mail("a@client.example")
        client.rcpt("support@here.example")
        assert client.docmd("DATA")[0] == 354
        process.send_signal(signal.SIGTERM)
        process.wait(30)  # the client would have 60
        client.close()
