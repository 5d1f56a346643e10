"""Clients, envelopes and events as they occur on the way of a message."""

from dataclasses import replace

from gomail.address import Address, Path
from gomail.envelope import Client, Encryption, Envelope
from gomail.events import (
    ContentDropped,
    Copy,
    MessageStored,
    Refusal,
    Said,
    SessionEnded,
    SessionStarted,
    Trouble,
)
from gomail.reply import NO_SUCH_MAILBOX

HOSTNAME = "mx.bench.example"
CLIENT = Client("c0ffee0123", "192.0.2.1", 40695, "mail.sender.example", esmtp=True)
BOB = Path(Address("bob", "bench.example"))
ENVELOPE = Envelope(
    "c0ffee0123.1", CLIENT, Path(Address("alice", "sender.example")), forward_paths=(BOB,)
)
SEVERAL = replace(ENVELOPE, forward_paths=(BOB,) * 100)
UNDER_TLS = replace(
    ENVELOPE,
    client=replace(CLIENT, encryption=Encryption("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)),
)
NAME = f"1764249184.M123456P1234Q1R0123456789abcdef.{HOSTNAME},S=1234"
COPY = Copy("bob@bench.example", f"/srv/mail/bench.example/bob/new/{NAME}")
EVENTS = {
    "session started": SessionStarted(CLIENT),
    "session ended": SessionEnded(CLIENT, "ehlo=1 mail=1 rcpt=1 data=1 quit=1", 0.0125, 1234),
    "stored": MessageStored(ENVELOPE, (COPY,), 1234, 0.0075),
    "stored, 100 copies": MessageStored(SEVERAL, (COPY,) * 100, 1234, 0.0075),
    "refused": Refusal(CLIENT, b"RCPT TO:<no@bench.example>", NO_SUCH_MAILBOX, "no such alias"),
    "refused, hostile": Refusal(CLIENT, bytes(range(256)) * 8, NO_SUCH_MAILBOX, "\x1b" * 100),
    "dropped": ContentDropped(ENVELOPE, "no message came of it"),
    "said": Said(CLIENT, "C", b"RCPT TO:<bob@bench.example>"),
    "trouble": Trouble("the disk is full"),
}
