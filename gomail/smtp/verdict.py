"""What is said to content: to a chunk that more follow, and to a message for several."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeGuard

from gomail.reply import LOCAL_ERROR, Reply
from gomail.smtp.expected import unexpected


@lru_cache(maxsize=64)
def octets_taken(size: int) -> Reply:
    """Give the reply to a chunk that more follow; those of one message are mostly of one size."""
    return Reply(250, "0.0", f"{size} octets taken")


def fold(verdict: object, recipients: int, message: object = None) -> Reply:
    """
    Fold the verdict on a message into the one reply that SMTP has room for.

    One reply is that. Of several, one for each recipient: all stored, the first. None stored: the
    first 4xx, else the first 5xx. Some stored: 451, so that the sender tries again; a duplicate is
    tolerable, a loss is not.

    Args:
        verdict: what was answered.
        recipients: how many there are.
        message: who has answered.

    Raises:
        Unexpected: the verdict is neither one reply nor one for each, or has a code that is no
            answer to a message (RFC 5321 §4.3.2).
    """
    replies: Sequence[object] = [verdict]
    if not isinstance(verdict, Reply):
        replies = verdict if isinstance(verdict, Sequence) else ()
        if not replies or len(replies) != recipients:
            raise unexpected(message, "eomReceived", _expected(recipients), verdict)
    known = [each for each in replies if _answers_a_message(each)]
    if len(known) != len(replies):
        wrong = next(each for each in replies if not _answers_a_message(each))
        raise unexpected(message, "eomReceived", _expected(recipients), wrong)
    return _folded(known)


def _answers_a_message(reply: object) -> TypeGuard[Reply]:
    """Tell whether that may be said to a message: 250, or that it is not taken."""
    return isinstance(reply, Reply) and (reply.code == 250 or reply.code >= 400)


def _expected(recipients: int) -> str:
    """Say what a verdict may be."""
    return f"a Reply of 250, 4yz or 5yz, or one for each of {recipients} forward-path(s),"


def _folded(replies: Sequence[Reply]) -> Reply:
    """Choose among replies, or make another of them."""
    stored = [reply for reply in replies if reply.positive]
    if len(stored) == len(replies):
        return replies[0]
    if stored:
        return LOCAL_ERROR
    temporary = [reply for reply in replies if reply.code < 500]
    return (temporary or replies)[0]
