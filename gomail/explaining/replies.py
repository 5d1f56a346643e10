"""
The meaning of each reply with which the dialogue refuses: the one place where it is told.

docs/refusals.md, `gomail explain` and `gomail try` read it; a test sees that no reply is left out.
Those that tell of burdens and of storing are in `gomail.explaining.burdens`.
"""

from gomail import reply
from gomail.explaining.burdens import BUSY, STORING
from gomail.explaining.meaning import Meaning
from gomail.explaining.told import PROGRAM, WAIT, Told
from gomail.reply import Reply

_RECIPIENTS = (
    Told(
        reply.NO_SUCH_MAILBOX,
        "The domain is one of this server's, and nobody there is called so.",
        ("domains.NAME.mailboxes", "domains.NAME.aliases", "domains.NAME.catch-all"),
        "Look for a slip in the address, and ask the recipient by another way.",
        "Add a mailbox or an alias, or a catch-all that takes what is for nobody else.",
    ),
    Told(
        reply.RELAYING_DENIED,
        "The recipient's domain is none of this server's, and nothing is passed on from here.",
        ("domains",),
        "Look for a slip in the domain; else its MX record names the wrong server.",
        "Add the domain, if it is yours; or take this server out of its MX records.",
    ),
    Told(
        reply.NO_VALID_RECIPIENTS,
        "All recipients of the message were refused, each with a reply of its own before.",
        sender="Read the replies to the recipients.",
        ours="Look in the log for the refusals of this session before this one.",
    ),
    Told(
        reply.UTF8_NEEDED,
        "An address has letters beyond ASCII, and the sender did not ask for SMTPUTF8 (RFC 6531).",
        sender="Send by a server that supports internationalised addresses.",
    ),
    Told(
        reply.UTF8_NOT_TAKEN,
        "An address has letters beyond ASCII, which a delivery in the style of Twisted can't have.",
        sender="Send to an address in ASCII.",
        ours="The delivery is part of the application that gomail is mounted in.",
    ),
    Told(
        reply.BAD_FORWARD_PATH,
        "What stands in RCPT TO is no address.",
        sender="Look for a slip in the recipient's address.",
    ),
    Told(
        reply.BAD_REVERSE_PATH,
        "What stands in MAIL FROM is no address, nor the empty one of bounces.",
        sender="Look at the sender's address, as the program that sends has it.",
    ),
)

_DIALOGUE = (
    Told(
        reply.NO_TLS_NOW,
        "The client asked for encryption, which could not be begun.",
        ("tls.certificate", "tls.key"),
        WAIT,
        "Read the reason in the log, and look at the certificate.",
    ),
    Told(
        reply.ENCRYPT_FIRST,
        "The listener takes mail under TLS alone, and the client did not begin it.",
        ("listener.tls",),
        "Send by a server that uses STARTTLS.",
        'Say tls = "offered" for the listener: most senders encrypt then, and no mail is refused.',
    ),
    Told(
        reply.OUT_OF_STEP,
        "The client spoke before it was its turn, which no mail server does (RFC 2920 §3.1).",
        ("listener.local", "trusted"),
        PROGRAM,
        "Put the machine into trusted, if the program is yours and can't be mended.",
    ),
    Told(
        reply.LINE_TOO_LONG,
        "A command was longer than one may be, and the session ended.",
        ("limits.command-line",),
    ),
    Told(reply.SYNTAX_ERROR, "The client said a word that is no command of SMTP."),
    Told(reply.BAD_ARGUMENT, "What stands behind the command is not what belongs there."),
    Told(
        reply.NO_ARGUMENT_TAKEN, "Nothing belongs behind this command, and something stood there."
    ),
    Told(
        reply.UNKNOWN_PARAMETER,
        "MAIL or RCPT had a parameter that this server does not announce (RFC 5321 §4.1.1.11).",
    ),
    Told(
        reply.NOT_IMPLEMENTED,
        "There is such a command, and this listener does not have it: it announces those it has.",
        ("listener.tls", "listener.local"),
        "Use what EHLO announces.",
    ),
    Told(reply.NO_LISTS, "EXPN asks who is on a list; this server tells nobody."),
    Told(reply.HELLO_FIRST, "The client did not say EHLO or HELO, with which a session begins."),
    Told(reply.MAIL_FIRST, "The client named recipients or sent content before it named a sender."),
    Told(reply.MAIL_ALREADY, "The client began a message before the one before was over."),
    Told(reply.RECIPIENT_FIRST, "The client wanted to send content that is for nobody."),
    Told(reply.CHUNKS_UNDER_WAY, "The client said something else between the chunks of a message."),
    Told(reply.NOT_IN_TRANSACTION, "The client asked for TLS in the middle of a message."),
    Told(reply.ENCRYPTED_ALREADY, "The client asked for TLS a second time."),
)


def _name_of(wanted: Reply) -> str:
    """Give the name that a reply has in the catalogue, in words."""
    names = (name for name, each in vars(reply).items() if each is wanted)
    return next(names).lower().replace("_", " ")


REPLIES = tuple(
    Meaning(_name_of(told.reply), *told) for told in (*BUSY, *STORING, *_RECIPIENTS, *_DIALOGUE)
)
