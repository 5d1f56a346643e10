"""
The meaning of each reply with which the dialogue refuses: the one place where it is told.

docs/refusals.md, `gomail explain` and `gomail try` read it; a test sees that no reply is left out.
"""

from typing import NamedTuple

from gomail import reply
from gomail.explaining.meaning import NOBODY, Meaning
from gomail.reply import Reply

_WAIT = "Nothing: a mail server tries again by itself, for days."
_PROGRAM = "Mend the program that sends: no mail server does this."
_LATER = "Nothing, if it is rare."


class _Told(NamedTuple):
    """What is told of a reply; see `Meaning`."""

    reply: Reply
    what: str
    settings: tuple[str, ...] = ()
    sender: str = _PROGRAM
    ours: str = NOBODY.capitalize() + "."


_BUSY = (
    _Told(
        reply.SHUTTING_DOWN,
        "The server was being stopped or started anew.",
        sender=_WAIT,
    ),
    _Told(
        reply.TOO_BUSY,
        "As many sessions were open as there may be at all.",
        ("limits.sessions",),
        _WAIT,
        "Look in the log who they were; allow more if the machine bears it.",
    ),
    _Told(
        reply.TOO_MANY_FROM_ADDRESS,
        "As many sessions of the client's address were open as there may be.",
        ("limits.sessions-per-address", "trusted"),
        "Send the same mail by fewer sessions at once.",
        "Nothing, for a stranger; put a relay of yours into trusted.",
    ),
    _Told(
        reply.TOO_MANY_FROM_NETWORK,
        "As many sessions of the client's network (/24, or /64 of IPv6) were open as there may be.",
        ("limits.sessions-per-network", "trusted"),
        "Send the same mail by fewer sessions at once.",
        "Nothing, for a stranger; put a relay of yours into trusted.",
    ),
    _Told(
        reply.NOT_A_PROXY,
        "The listener takes connections of its proxies alone, and this was none of them.",
        ("listener.proxy",),
        "Send to the address that the domain's MX record leads to.",
        "Add the proxy's address, if it was yours.",
    ),
    _Told(
        reply.TIMED_OUT,
        "The client said nothing for longer than it may, perhaps since its network was gone.",
        ("limits.command-timeout",),
        _WAIT,
        _LATER,
    ),
    _Told(
        reply.TOO_SLOW,
        "Content came more slowly than it may, or stopped coming.",
        (
            "limits.data-rate",
            "limits.data-rate-grace",
            "limits.data-timeout",
            "limits.content-time",
        ),
        "Try again by a faster network.",
        "Allow slower content, if those who send are as slow as that.",
    ),
    _Told(
        reply.NO_TRANSACTION,
        "The client kept its session open for long, and sent no message by it.",
        ("limits.transaction-gap",),
        "Nothing: the session is over, and no message was under way.",
    ),
    _Told(
        reply.TOO_MANY_ERRORS,
        "The client made more mistakes than it may in one session.",
        ("limits.errors", "limits.idle-commands", "trusted"),
        _PROGRAM,
        "Look in the log for what was refused before.",
    ),
    _Told(
        reply.TOO_MANY_MESSAGES,
        "As many messages came in one session as may.",
        ("limits.messages", "trusted"),
        "Nothing: a mail server sends the others by its next session.",
    ),
    _Told(
        reply.TOO_MANY_UNKNOWN,
        "The client named more recipients that there are not than it may.",
        ("limits.unknown-recipients", "trusted"),
        "Send to addresses that exist.",
        "Look in the log for the addresses; an alias or a catch-all takes those that were meant.",
    ),
    _Told(
        reply.FAR_TOO_BIG,
        "The client was told that the message is too big, and went on to send it.",
        ("limits.size",),
        "Send it in parts, or by a link.",
        "Allow larger messages.",
    ),
    _Told(
        reply.NOT_HTTP,
        "A web browser, or a program that was made to speak like one, has connected.",
    ),
)

_STORING = (
    _Told(
        reply.LOCAL_ERROR,
        "Something failed here; what it was stands in the log, as the reason of this refusal.",
        sender=_WAIT,
        ours="Read the reason in the log. Nothing is lost meanwhile: the sender keeps the mail.",
    ),
    _Told(
        reply.MAILBOX_UNAVAILABLE,
        "The Maildir could not be written to: its rights, its folders, or its disk.",
        ("maildir", "group"),
        _WAIT,
        "Read the reason in the log, and mend the folder that it names.",
    ),
    _Told(
        reply.MAILBOX_FULL,
        "The disk quota of the mailbox is used up.",
        ("maildir",),
        _WAIT,
        "Delete mail, or raise the quota.",
    ),
    _Told(
        reply.DISK_FULL,
        "The message and the reserve together have no room on the disk of the Maildirs.",
        ("limits.disk-reserve", "maildir"),
        _WAIT,
        "Make room on the disk.",
    ),
    _Told(
        reply.TOO_MANY_RECIPIENTS,
        "The message has more recipients, or stands for more mailboxes, than one may.",
        ("limits.recipients",),
        "Nothing: a mail server sends to the others by a further message.",
        "Allow more.",
    ),
    _Told(
        reply.UNKNOWN_RECIPIENTS_STOPPED,
        "The client named many recipients that there are not; those accepted get the message.",
        ("limits.unknown-recipients", "trusted"),
        "Take addresses that don't exist out of the list.",
        "Look in the log for the addresses.",
    ),
    _Told(
        reply.TOO_BIG,
        "The message is larger than one may be.",
        ("limits.size",),
        "Send it in parts, or by a link.",
        "Allow larger messages.",
    ),
    _Told(
        reply.HEADER_TOO_BIG,
        "The header of the message is larger than one may be.",
        ("limits.header-size",),
        "Send the message anew, with fewer recipients in To and Cc.",
        "Allow larger headers.",
    ),
    _Told(
        reply.TOO_MANY_FIELDS,
        "The header of the message has more fields than one may have.",
        ("limits.header-fields",),
        "Send the message anew.",
        "Allow more fields.",
    ),
    _Told(
        reply.LOOP,
        "The message has been through so many servers that it must be going in circles.",
        ("limits.hops",),
        "Look at the Received fields of the message, and end the forwarding that repeats.",
        "Look whether a mailbox here is forwarded to where the message came from.",
    ),
    _Told(
        reply.BARE_NEWLINE,
        "A line of the message ends with LF alone (RFC 5321 §2.3.8), which the listener refuses.",
        ("listener.bare-newline",),
        "Have the program that sends end lines with CRLF.",
        'Say bare-newline = "store" for the listener: the message is stored then.',
    ),
    _Told(
        reply.CONTENT_LINE_TOO_LONG,
        "A line of the message is longer than a delivery in the style of Twisted takes.",
        sender="Send the text in shorter lines, or as base64.",
        ours="The delivery is part of the application that gomail is mounted in.",
    ),
    _Told(
        reply.MILTER_REFUSES,
        "A filter that this server asks has refused the message, without words of its own.",
        ("milter.endpoint",),
        "Ask the recipient by another way what the filter has against it.",
        "Look in the filter's own log, at the time of this session.",
    ),
    _Told(
        reply.MILTER_DEFERS,
        "A filter that this server asks wants the message later, or could not be asked.",
        ("milter.endpoint", "milter.on-failure"),
        _WAIT,
        "See that the filter runs, and look in its own log.",
    ),
)

_RECIPIENTS = (
    _Told(
        reply.NO_SUCH_MAILBOX,
        "The domain is one of this server's, and nobody there is called so.",
        ("domains.NAME.mailboxes", "domains.NAME.aliases", "domains.NAME.catch-all"),
        "Look for a slip in the address, and ask the recipient by another way.",
        "Add a mailbox or an alias, or a catch-all that takes what is for nobody else.",
    ),
    _Told(
        reply.RELAYING_DENIED,
        "The recipient's domain is none of this server's, and nothing is passed on from here.",
        ("domains",),
        "Look for a slip in the domain; else its MX record names the wrong server.",
        "Add the domain, if it is yours; or take this server out of its MX records.",
    ),
    _Told(
        reply.NO_VALID_RECIPIENTS,
        "All recipients of the message were refused, each with a reply of its own before.",
        sender="Read the replies to the recipients.",
        ours="Look in the log for the refusals of this session before this one.",
    ),
    _Told(
        reply.UTF8_NEEDED,
        "An address has letters beyond ASCII, and the sender did not ask for SMTPUTF8 (RFC 6531).",
        sender="Send by a server that supports internationalised addresses.",
    ),
    _Told(
        reply.UTF8_NOT_TAKEN,
        "An address has letters beyond ASCII, which a delivery in the style of Twisted can't have.",
        sender="Send to an address in ASCII.",
        ours="The delivery is part of the application that gomail is mounted in.",
    ),
    _Told(
        reply.BAD_FORWARD_PATH,
        "What stands in RCPT TO is no address.",
        sender="Look for a slip in the recipient's address.",
    ),
    _Told(
        reply.BAD_REVERSE_PATH,
        "What stands in MAIL FROM is no address, nor the empty one of bounces.",
        sender="Look at the sender's address, as the program that sends has it.",
    ),
)

_DIALOGUE = (
    _Told(
        reply.NO_TLS_NOW,
        "The client asked for encryption, which could not be begun.",
        ("tls.certificate", "tls.key"),
        _WAIT,
        "Read the reason in the log, and look at the certificate.",
    ),
    _Told(
        reply.ENCRYPT_FIRST,
        "The listener takes mail under TLS alone, and the client did not begin it.",
        ("listener.tls",),
        "Send by a server that uses STARTTLS.",
        'Say tls = "offered" for the listener: most senders encrypt then, and no mail is refused.',
    ),
    _Told(
        reply.OUT_OF_STEP,
        "The client spoke before it was its turn, which no mail server does (RFC 2920 §3.1).",
        ("listener.local", "trusted"),
        _PROGRAM,
        "Put the machine into trusted, if the program is yours and can't be mended.",
    ),
    _Told(
        reply.LINE_TOO_LONG,
        "A command was longer than one may be, and the session ended.",
        ("limits.command-line",),
    ),
    _Told(reply.SYNTAX_ERROR, "The client said a word that is no command of SMTP."),
    _Told(reply.BAD_ARGUMENT, "What stands behind the command is not what belongs there."),
    _Told(
        reply.NO_ARGUMENT_TAKEN, "Nothing belongs behind this command, and something stood there."
    ),
    _Told(
        reply.UNKNOWN_PARAMETER,
        "MAIL or RCPT had a parameter that this server does not announce (RFC 5321 §4.1.1.11).",
    ),
    _Told(
        reply.NOT_IMPLEMENTED,
        "There is such a command, and this listener does not have it: it announces those it has.",
        ("listener.tls", "listener.local"),
        "Use what EHLO announces.",
    ),
    _Told(reply.NO_LISTS, "EXPN asks who is on a list; this server tells nobody."),
    _Told(reply.HELLO_FIRST, "The client did not say EHLO or HELO, with which a session begins."),
    _Told(
        reply.MAIL_FIRST, "The client named recipients or sent content before it named a sender."
    ),
    _Told(reply.MAIL_ALREADY, "The client began a message before the one before was over."),
    _Told(reply.RECIPIENT_FIRST, "The client wanted to send content that is for nobody."),
    _Told(
        reply.CHUNKS_UNDER_WAY, "The client said something else between the chunks of a message."
    ),
    _Told(reply.NOT_IN_TRANSACTION, "The client asked for TLS in the middle of a message."),
    _Told(reply.ENCRYPTED_ALREADY, "The client asked for TLS a second time."),
)


def _name_of(wanted: Reply) -> str:
    """Give the name that a reply has in the catalogue, in words."""
    names = (name for name, each in vars(reply).items() if each is wanted)
    return next(names).lower().replace("_", " ")


REPLIES = tuple(
    Meaning(_name_of(told.reply), *told) for told in (*_BUSY, *_STORING, *_RECIPIENTS, *_DIALOGUE)
)
