"""Values that are made for each message: replies, addresses as text, envelopes, clients."""

from dataclasses import replace
from functools import partial

from cpu import measure
from values import BOB, CLIENT, COPY, ENVELOPE, NAME

from gomail.address import Address
from gomail.events import MessageStored
from gomail.reply import NO_SUCH_MAILBOX, Reply

QUOTED = Address('a "b" c', "bench.example")


def main() -> None:
    """Measure them all."""
    measure(
        {
            "Reply": partial(Reply, 250, "0.0", f"stored as {NAME}"),
            "Reply, lines": partial(Reply, 250, "", "\n".join(["mx.bench.example"] * 10)),
            "Reply.signed": partial(NO_SUCH_MAILBOX.signed, "c0ffee0123"),
            "Path as text": partial(str, BOB),
            "Address as text, quoted": partial(str, QUOTED),
            "Client as text": partial(str, CLIENT),
            "Envelope with a recipient": partial(replace, ENVELOPE, forward_paths=(BOB,)),
            "Client with a name": partial(replace, CLIENT, helo="sender.example", esmtp=True),
            "MessageStored": partial(MessageStored, ENVELOPE, (COPY,), 1234, 0.0075),
        }
    )


if __name__ == "__main__":
    main()
