"""A function as a delivery."""

import pytest

from gomail.delivery.whole import WholeMessages
from gomail.envelope import Client, Envelope
from gomail.reply import NO_SUCH_MAILBOX, STORED, Refused, Reply
from gomail.testing.bench import Subject
from gomail.testing.conformance import CHECKS, Check
from gomail.testing.wire import MemoryServer


class Shelf:
    """Keeps what it is given, the latest on top."""

    def __init__(self) -> None:
        """Begin empty."""
        self.messages: list[tuple[Envelope, bytes]] = []

    async def store(self, envelope: Envelope, content: bytes) -> Reply:
        """Keep one message."""
        self.messages.append((envelope, content))
        return STORED

    def contents(self) -> list[bytes]:
        """Give what was kept."""
        return [content for _, content in self.messages]


@pytest.mark.parametrize(
    "check", [check for check in CHECKS if str(check) != "broken_storage_defers"], ids=str
)
def test_function_conforms(check: Check) -> None:
    """A function of one line keeps every rule that a delivery must keep."""
    shelf = Shelf()
    check.now(Subject(WholeMessages(shelf.store), shelf.contents))


def test_recipients_are_asked_for() -> None:
    """Who is not welcome is refused, and the function never hears of them."""

    def welcome(forward_path: object) -> None:
        if "alice" not in str(forward_path):
            raise Refused(NO_SUCH_MAILBOX)

    shelf = Shelf()
    client = MemoryServer(WholeMessages(shelf.store, welcome)).connect()
    content = b"A: b\r\n\r\nhello\r\n"
    forward_paths = ["alice@here.example", "bob@here.example"]
    assert client.mail("a@client.example", forward_paths, content) == STORED
    ((envelope, stored),) = shelf.messages
    assert [str(path) for path in envelope.forward_paths] == ["<alice@here.example>"]
    assert stored == content


def test_content_of_who_left_is_kept_by_nobody() -> None:
    """A session may be held for its log; what came of its message is not."""
    shelf = Shelf()
    message = WholeMessages(shelf.store).messageStarted(Envelope("1.1", Client("1")))
    message.octetsReceived(b"A: b\r\n")
    message.connectionLost()
    assert message._content == bytearray()
    assert shelf.messages == []
