"""What is said to content: to a chunk that more follow, and to a message for several."""

from collections.abc import Sequence
from functools import lru_cache

from gomail.reply import LOCAL_ERROR, Reply


@lru_cache(maxsize=64)
def octets_taken(size: int) -> Reply:
    """Give the reply to a chunk that more follow; those of one message are mostly of one size."""
    return Reply(250, "0.0", f"{size} octets taken")


def fold(replies: Sequence[Reply]) -> Reply:
    """
    Fold the replies for several recipients into the one that SMTP has room for.

    All stored: the first. None stored: the first 4xx, else the first 5xx. Some stored: 451, so that
    the sender tries again; a duplicate is tolerable, a loss is not.
    """
    stored = [reply for reply in replies if reply.positive]
    if replies and len(stored) == len(replies):
        return replies[0]
    if stored or not replies:
        return LOCAL_ERROR
    temporary = [reply for reply in replies if reply.code < 500]
    return (temporary or replies)[0]
