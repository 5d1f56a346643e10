"""Methods that do not conform, to be planted into a delivery that does."""

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any

from gomail.address import Path
from gomail.envelope import Client, Envelope
from gomail.reply import DISK_FULL, STORED, Refused, Reply
from tests.testing.folder import FolderDelivery, FolderMessage

stored: Callable[..., Reply] = FolderMessage.eomReceived  # type: ignore[assignment]  # it answers at once
received = FolderMessage.octetsReceived
lost = FolderMessage.connectionLost
started = FolderDelivery.messageStarted
validated = FolderDelivery.validateTo


@contextlib.contextmanager
def planted(owner: type, name: str, method: Callable[..., Any]) -> Iterator[None]:
    """Plant a method into a class that conforms."""
    original = getattr(owner, name)
    setattr(owner, name, method)
    try:
        yield
    finally:
        setattr(owner, name, original)


def promises_too_early(self: FolderMessage) -> Reply:
    """Say 250, and store a little later."""
    self.file.flush()
    threading.Timer(0.05, stored, [self]).start()
    return STORED


def forgets_a_recipient(self: FolderMessage) -> Reply:
    """Store nothing where few recipients were named."""
    self.names = self.names[:1] if len(self.names) > 5 else []
    return stored(self)


def strips_blanks(self: FolderMessage, octets: bytes) -> None:
    """Take blank lines at the end for nothing."""
    received(self, octets.rstrip(b"\r\n") + b"\r\n" if octets.endswith(b"\n") else octets)


def stores_and_refuses(self: FolderMessage) -> Reply:
    """Store what is refused."""
    stored(self)
    return Reply(554, "6.0", "Not what we like")


def stores_twice(self: FolderMessage) -> Reply:
    """Store, and once more."""
    os.link(self.path, self.folder.root / f"{self.number}-twice.eml")
    return stored(self)


def loses_dots(self: FolderMessage, octets: bytes) -> None:
    """Unstuff dots that are unstuffed."""
    received(self, octets.replace(b"\r\n..", b"\r\n."))


def splits_lines_packet_by_packet(self: FolderMessage, octets: bytes) -> None:
    """Take every packet for whole lines."""
    for line in octets.splitlines():
        received(self, line + b"\r\n")


def knows_no_bounces(_: FolderDelivery, __: Client, reversePath: Path, ___: object) -> None:
    """Take every reverse-path for an address."""
    str(reversePath.address.domain)  # type: ignore[union-attr]  # that is the fault


def takes_unknown_ones(self: FolderDelivery, forwardPath: Path) -> None:
    """Refuse nobody."""
    with contextlib.suppress(Refused):
        validated(self, forwardPath)


def notes_before_refusing(self: FolderDelivery, forwardPath: Path) -> None:
    """Note a recipient, then find out that there is none."""
    self.names.append(str(forwardPath.address).partition("@")[0])
    validated(self, forwardPath)


def answers_one_reply_too_many(self: FolderMessage) -> list[Reply]:
    """Give a reply for somebody who is not there."""
    return [stored(self)] * (len(self.names) + 1)


def answers_nothing(self: FolderMessage) -> None:
    """Forget the reply."""
    stored(self)


def answers_354(self: FolderMessage) -> Reply:
    """Give a reply that is none to a message."""
    stored(self)
    return Reply(354, "", "Go on")


def leaves_its_file(self: FolderMessage) -> None:
    """Leave the temporary file."""
    self.file.close()


def stores_what_was_given_up(self: FolderMessage) -> None:
    """Store half a message."""
    self.file.close()
    os.link(self.path, self.folder.root / f"{self.number}-lost.eml")
    self.path.unlink()


def raises(_: FolderDelivery) -> None:
    """Fail where nobody can be told."""
    raise RuntimeError("planted")


def raises_at_leave(_: FolderDelivery) -> None:
    """Fail when the session has ended."""
    raise ValueError("planted")


def raises_at_the_end(self: FolderMessage) -> None:
    """Throw away, and fail."""
    lost(self)
    raise RuntimeError("planted")


def takes_one_message_a_session(self: FolderDelivery, envelope: Envelope) -> FolderMessage:
    """Refuse a session's second message."""
    if self.__dict__.setdefault("taken", envelope.id) != envelope.id:
        raise Refused(DISK_FULL)
    return started(self, envelope)


def shares_recipients(self: FolderDelivery, forwardPath: Path) -> None:
    """Keep the recipients of all sessions in one list."""
    self.names = self.folder.__dict__.setdefault("names", [])
    validated(self, forwardPath)


def remembers_recipients(_: FolderDelivery) -> None:
    """Forget nothing."""


def says_5xx(self: FolderMessage) -> Reply:
    """Take our trouble for the sender's."""
    try:
        return stored(self)
    except OSError:
        return Reply(554, "0.0", "Transaction failed")


def keeps_everything(self: FolderMessage, octets: bytes) -> None:
    """Hold the content in memory."""
    self.__dict__.setdefault("pieces", []).append(bytes(bytearray(octets)))
    received(self, octets)


def answers_with_the_path(_: FolderDelivery, __: Client, reversePath: Path, ___: object) -> Path:
    """Answer as twisted.mail's deliveries do."""
    return reversePath


def gives_a_stranger(_: FolderDelivery, __: Envelope) -> object:
    """Give no message."""
    return object()


def refuses_thousands(self: FolderDelivery, envelope: Envelope) -> FolderMessage:
    """Take no list mail."""
    if len(envelope.forward_paths) > 100:
        raise Refused(DISK_FULL)
    return started(self, envelope)


def shares_one_file(self: FolderDelivery, envelope: Envelope) -> FolderMessage:
    """Write all that comes at the same time into one file."""
    current: FolderMessage | None = self.folder.__dict__.get("current")
    if current is None or current.file.closed:
        current = self.folder.__dict__["current"] = started(self, envelope)
    return current
