"""What becomes of a header block."""

from collections.abc import Iterable

from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.message.headers import HeaderBlock
from gomail.reply import Refused, Reply


def verdict(pieces: Iterable[bytes], limits: Limits = DEFAULT_LIMITS) -> Reply | None:
    """Show a message to the header block, and give its refusal."""
    header = HeaderBlock(limits)
    try:
        for piece in pieces:
            header.take(piece)
        header.end()
    except Refused as refused:
        return refused.reply
    assert header.complete
    return None
