"""Who is talking, and for whom."""

import pytest

from gomail.address import NULL_PATH
from gomail.envelope import NO_PARAMETERS, Client, Envelope


@pytest.mark.parametrize(
    ("client", "written"),
    [
        (Client("5e55", "192.0.2.1", 40695), "192.0.2.1:40695"),
        (Client("5e55", "2001:db8::1", 25), "[2001:db8::1]:25"),
        (Client("5e55"), "unix"),
    ],
)
def test_client_is_written_as_the_log_does(client: Client, written: str) -> None:
    """Address and port, so that it is found in the firewall's log, too."""
    assert str(client) == written


def test_client_has_said_nothing_at_first() -> None:
    """Whoever connects is a stranger: no name, no TLS, no trust."""
    client = Client("5e55", "192.0.2.1", 40695)
    assert client.helo == ""
    assert not client.esmtp
    assert client.encryption is None
    assert not client.trusted


def test_envelope_is_a_value() -> None:
    """Nobody changes an envelope behind somebody's back."""
    envelope = Envelope("5e55.1", Client("5e55"))
    assert envelope.reverse_path == NULL_PATH
    assert envelope.parameters == NO_PARAMETERS
    assert envelope.forward_paths == ()
    with pytest.raises(AttributeError):
        envelope.forward_paths = (NULL_PATH,)  # type: ignore[misc]
    assert envelope == Envelope(id="5e55.1", client=Client("5e55"))
    assert envelope._replace(forward_paths=(NULL_PATH,)) == envelope.to([NULL_PATH]) != envelope
