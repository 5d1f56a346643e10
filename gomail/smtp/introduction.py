"""What we say of ourselves: the banner, and the replies to HELO and EHLO, written once."""

from dataclasses import dataclass

from gomail.limits import Limits
from gomail.reply import Reply


@dataclass(frozen=True, slots=True)
class Introduction:
    """
    The replies that carry our host name; none has an enhanced code (RFC 2034 §4).

    Attributes:
        banner: to a new connection.
        helo: to HELO.
        ehlo: to EHLO.
        ehlo_offering_tls: to EHLO in plaintext, where TLS can be had.
    """

    banner: Reply
    helo: Reply
    ehlo: Reply
    ehlo_offering_tls: Reply


def introduce(hostname: str, limits: Limits, *, chunking: bool = True) -> Introduction:
    """Say who we are, and what of ESMTP we speak (RFC 5321 §4.1.1.1; LIMITS: RFC 9422)."""
    extensions = [
        "PIPELINING",  # RFC 2920
        f"SIZE {limits.size}",  # RFC 1870
        "8BITMIME",  # RFC 6152
        *(["CHUNKING"] if chunking else []),  # RFC 3030
        "SMTPUTF8",  # RFC 6531
        "ENHANCEDSTATUSCODES",  # RFC 2034
        f"LIMITS MAILMAX={limits.messages} RCPTMAX={limits.recipients}",
        "HELP",
    ]
    return Introduction(
        banner=Reply(220, "", f"{hostname} ESMTP gomail"),
        helo=Reply(250, "", hostname),
        ehlo=Reply(250, "", "\n".join([hostname, *extensions])),
        ehlo_offering_tls=Reply(250, "", "\n".join([hostname, "STARTTLS", *extensions])),
    )
