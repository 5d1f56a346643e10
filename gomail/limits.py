"""
Everything that is bounded, with its default (RFC 5321 §4.5.3, and the field's experience).

Times are seconds, sizes octets. What the peer is told beyond a limit stands in `gomail.reply`. A
trusted client has no limits per address, session or error; those of size and memory hold for
everybody.
"""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """
    The limits of a server.

    Attributes:
        size: octets of one message's content, announced by SIZE.
        recipients: accepted in one transaction, announced by LIMITS.
        messages: in one session.
        command_line: octets of a command line, without CRLF.
        command_timeout: between a reply and the next complete command.
        data_timeout: between two packets of content.
        data_rate: octets a second that content must come with, after *data_rate_grace*.
        data_rate_grace: seconds for which content may come more slowly.
        content_time: from 354 to the final dot.
        transaction_gap: a session's time without an open transaction.
        header_size: octets of the header block.
        header_fields: fields in the header block.
        hops: Received fields.
        unknown_recipients_free: refused recipients of a session that cost nothing; each further
            one, a second.
        unknown_recipients: refused recipients of a session.
        errors_free: syntax and sequence errors that cost nothing; each further one, a second.
        errors: syntax and sequence errors of a session.
        idle_commands: commands without a message; each further one is an error.
        unsent: octets of replies that the peer has not read.
        unsent_timeout: for how long they may stay unread.
        sessions: open at once.
        sessions_per_address: of one IP address.
        sessions_per_network: of one /24 or /64.
        disk_reserve: octets that stay free on the Maildir's disk.
        content_in_memory: octets of one unfinished message in memory; more goes to a spool file.
        memory: octets of all unfinished messages in memory; beyond it content is spooled at once.
        unwritten: octets of one message on their way to its spool file before its session is
            paused.
    """

    size: int = 50 * MIB
    recipients: int = 1000
    messages: int = 1000
    command_line: int = 2048
    command_timeout: float = 300
    data_timeout: float = 180
    data_rate: int = 500
    data_rate_grace: float = 60
    content_time: float = 3600
    transaction_gap: float = 1200
    header_size: int = 256 * KIB
    header_fields: int = 5000
    hops: int = 100
    unknown_recipients_free: int = 4
    unknown_recipients: int = 20
    errors_free: int = 5
    errors: int = 15
    idle_commands: int = 100
    unsent: int = 64 * KIB
    unsent_timeout: float = 60
    sessions: int = 10_000
    sessions_per_address: int = 50
    sessions_per_network: int = 100
    disk_reserve: int = 16 * MIB
    content_in_memory: int = 256 * KIB
    memory: int = 64 * MIB
    unwritten: int = MIB


DEFAULT_LIMITS = Limits()
