"""What the commands of the envelope carry, as milters want it."""

from typing import NamedTuple

from gomail.address import Path
from gomail.envelope import Client, MailParameters
from gomail.milters.packets import texts

_LONGEST_NAME = 1000  # octets of a field's: with its value it has to fit into one command


class Sender(NamedTuple):
    """Who sends: the client, and what MAIL said."""

    client: Client
    reverse_path: Path
    parameters: MailParameters


def connect(client: Client) -> bytes:
    """Write what a milter is told of a connection; a unix socket's has no address."""
    if client.address is None:
        return texts(b"localhost") + b"U"
    family = b"6" if ":" in client.address else b"4"
    port = (client.port or 0).to_bytes(2, "big")
    return texts(_octets(f"[{client.address}]")) + family + port + texts(_octets(client.address))


def helo(client: Client) -> bytes:
    """Write what the client calls itself."""
    return texts(_octets(client.helo))


def mail(sender: Sender) -> bytes:
    """Write MAIL: the reverse-path, and each parameter."""
    words = [str(sender.reverse_path), *_esmtp(sender.parameters)]
    return texts(*map(_octets, words))


def recipient(path: Path) -> bytes:
    """Write RCPT."""
    return texts(_octets(str(path)))


def field(octets: bytes, *, leading_space: bool) -> bytes:
    """
    Write a header field; nothing where it is none, but the line of an mbox.

    Args:
        octets: all of it, with LF.
        leading_space: whether the space behind the colon is shown.
    """
    name, colon, value = octets.removesuffix(b"\n").partition(b":")
    name = name.rstrip(b" \t")
    if not colon or b" " in name:
        return b""
    return texts(name[:_LONGEST_NAME], value if leading_space else value.removeprefix(b" "))


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _esmtp(parameters: MailParameters) -> list[str]:
    """Write the parameters of MAIL."""
    size = [] if parameters.size is None else [f"SIZE={parameters.size}"]
    body = [] if parameters.body is None else [f"BODY={parameters.body}"]
    return [*size, *body, *(["SMTPUTF8"] if parameters.utf8 else [])]
