"""
Replies by meaning, and `Refused`, which carries one up from any depth.

The class digit of the enhanced code (RFC 3463) comes from the reply code, so the two can't
disagree. Texts are short and generic towards the peer; what exactly happened stands in the log,
under the session's id, which ends every 4xx and 5xx.
"""

import re
from dataclasses import dataclass, field

_DETAIL = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\Z")
_USUAL = "0.0"  # the detail of replies to messages that are stored, which come by the thousand
_TEXT = re.compile(r"[\t\x20-\x7e\n]*\Z")
_LONGEST_LINE = 480  # RFC 5321 §4.5.3.1.5: 512 with code and CRLF; room for the session's id


@dataclass(frozen=True, slots=True)
class Reply:
    """
    One SMTP reply (RFC 5321 §4.2).

    Args:
        code: 200 to 599.
        detail: subject and detail of the enhanced code (``"1.1"``); empty where none belongs (220,
            354, the replies to HELO and EHLO: RFC 2034 §4).
        text: printable ASCII; a line feed parts the lines of a multi-line reply.

    Attributes:
        octets: as it stands on the wire.
        positive: whether the peer got what it asked for (2xx) or may go on (3xx).

    Raises:
        ValueError: a code out of range, a detail that is none, or a text that can't stand in a
            reply.
        TypeError: a code that is no number, or what else should be text and is not.
    """

    code: int
    detail: str
    text: str
    octets: bytes = field(init=False, repr=False, compare=False)
    positive: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the parts and write the reply once, for all the times it will be sent."""
        code, detail, text = self.code, self.detail, self.text
        if detail != _USUAL or type(code) is not int:
            _check(code, detail)
        if not isinstance(text, str):
            msg = f"the text of a reply was expected, not {text!r:.100}"
            raise TypeError(msg)
        if not 200 <= code <= 599:
            msg = f"a reply code from 200 to 599 was expected, not {code}"
            raise ValueError(msg)
        status = f"{code // 100}.{detail} " if detail else ""
        if text.isascii() and text.isprintable():  # one line, as nearly all replies are
            octets = f"{code} {status}{text[:_LONGEST_LINE]}\r\n".encode()
        else:
            octets = self._lines(status)
        object.__setattr__(self, "octets", octets)
        object.__setattr__(self, "positive", code < 400)

    def _lines(self, status: str) -> bytes:
        """Write a reply of several lines, or with a tab in it."""
        if not _TEXT.match(self.text):
            msg = f"the text of a reply is printable ASCII, not {self.text!r}"
            raise ValueError(msg)
        *firsts, last = (line[:_LONGEST_LINE] for line in self.text.split("\n"))
        lines = [f"{self.code}-{status}{line}\r\n" for line in firsts]
        lines.append(f"{self.code} {status}{last}\r\n")
        return "".join(lines).encode("ascii")

    def signed(self, session_id: str) -> "Reply":
        """Give this reply as the peer sees it: a refusal ends with the session's id."""
        if self.positive:
            return self
        signature = f" [{session_id}]"
        lines, newline, last = self.text.rpartition("\n")
        last = last[: _LONGEST_LINE - len(signature)] + signature
        return Reply(self.code, self.detail, lines + newline + last)


def _check(code: object, detail: object) -> None:
    """
    See that these can be a reply's.

    Raises:
        ValueError, TypeError: they can't.
    """
    if not isinstance(code, int):
        msg = f"the code of a reply is a number from 200 to 599, not {code!r:.100}"
        raise TypeError(msg)
    if not isinstance(detail, str):
        msg = f"the detail of a reply is text like '1.1', or '' for none, not {detail!r:.100}"
        raise TypeError(msg)
    if detail and not _DETAIL.match(detail):
        msg = (
            "the detail of a reply is the subject and detail of an enhanced code, as '1.1' is of "
            f"5.1.1 (its class comes from the reply's code), or '' for none; not {detail!r:.100}"
        )
        raise ValueError(msg)


class Refused(Exception):
    """
    Raised anywhere below the dialogue to answer with *reply*; *reason* is for our log alone.

    Args:
        reply: of 400 to 599.
        reason: what our own people should know beyond it.

    Raises:
        ValueError: the reply refuses nothing.
        TypeError: it is no `Reply`.
    """

    def __init__(self, reply: Reply, reason: str = "") -> None:
        """Remember what the peer and the log are told."""
        if not isinstance(reply, Reply):
            msg = f"a Reply was expected to refuse with, not {reply!r:.100}"
            raise TypeError(msg)
        if reply.code < 400:
            msg = f"a reply of 400 to 599 was expected to refuse with, not {reply!r:.200}"
            raise ValueError(msg)
        super().__init__(reply, reason)
        self.reply = reply
        self.reason = reason


# 2xx, 3xx
STORED = Reply(250, "0.0", "Stored")
OK = Reply(250, "0.0", "OK")
SENDER_OK = Reply(250, "1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "1.5", "Recipient OK")
BYE = Reply(221, "0.0", "Bye")
CANNOT_VERIFY = Reply(252, "0.0", "Send mail and see; nothing is told about mailboxes here")
READY_FOR_TLS = Reply(220, "0.0", "Ready to start TLS")
SEND_CONTENT = Reply(354, "", "Send the message, end it with <CRLF>.<CRLF>")

# 421: these end the session
SHUTTING_DOWN = Reply(421, "3.2", "Shutting down, please try again")
TOO_BUSY = Reply(421, "3.2", "Too many sessions, please try again later")
NOT_A_PROXY = Reply(421, "7.0", "Only known proxies are served here")
TOO_MANY_FROM_ADDRESS = Reply(421, "7.0", "Too many sessions from your address")
TOO_MANY_FROM_NETWORK = Reply(421, "7.0", "Too many sessions from your network")
TIMED_OUT = Reply(421, "4.2", "Timed out waiting for you")
TOO_SLOW = Reply(421, "4.2", "Content comes too slowly")
NO_TRANSACTION = Reply(421, "4.2", "Too long without a message")
TOO_MANY_ERRORS = Reply(421, "7.0", "Too many errors")
TOO_MANY_MESSAGES = Reply(421, "7.0", "Too many messages in one session, please connect again")
TOO_MANY_UNKNOWN = Reply(421, "7.0", "Too many unknown recipients")
FAR_TOO_BIG = Reply(421, "3.4", "Message far too big")
NOT_HTTP = Reply(421, "7.0", "This is SMTP")

# 4xx: the sender keeps the mail and tries again
NO_TLS_NOW = Reply(454, "7.0", "TLS can't be had now")
LOCAL_ERROR = Reply(451, "3.0", "Local error, please try again")
MAILBOX_UNAVAILABLE = Reply(451, "2.0", "Mailbox not available now, please try again")
MILTER_DEFERS = Reply(451, "7.1", "Service unavailable, please try again")
MAILBOX_FULL = Reply(452, "2.2", "Mailbox full, please try again later")
DISK_FULL = Reply(452, "3.1", "Not enough storage now, please try again later")
TOO_MANY_RECIPIENTS = Reply(452, "5.3", "Too many recipients")
UNKNOWN_RECIPIENTS_STOPPED = Reply(
    452, "5.3", "Too many unknown recipients, send to those accepted"
)

# 5xx
SYNTAX_ERROR = Reply(500, "5.2", "Command not understood")
LINE_TOO_LONG = Reply(500, "5.2", "Command line too long")
BAD_ARGUMENT = Reply(501, "5.4", "Argument not understood")
NO_ARGUMENT_TAKEN = Reply(501, "5.4", "This command takes no argument")
BAD_FORWARD_PATH = Reply(501, "1.3", "Not a forward-path: RCPT TO:<local-part@domain>")
BAD_REVERSE_PATH = Reply(
    501, "1.7", "Not a reverse-path: MAIL FROM:<local-part@domain> or MAIL FROM:<>"
)
NOT_IMPLEMENTED = Reply(502, "5.1", "Command not implemented")
NO_LISTS = Reply(502, "5.1", "Nothing is expanded here")
HELLO_FIRST = Reply(503, "5.1", "Say EHLO or HELO first")
MAIL_FIRST = Reply(503, "5.1", "MAIL comes first")
MAIL_ALREADY = Reply(503, "5.1", "A transaction is open; RSET ends it")
RECIPIENT_FIRST = Reply(503, "5.1", "RCPT comes first")
CHUNKS_UNDER_WAY = Reply(503, "5.1", "BDAT has begun; LAST or RSET ends it")
NOT_IN_TRANSACTION = Reply(503, "5.1", "Not within a transaction; RSET ends it")
ENCRYPTED_ALREADY = Reply(503, "5.1", "TLS is active already")
ENCRYPT_FIRST = Reply(530, "7.0", "Say STARTTLS first")
NO_VALID_RECIPIENTS = Reply(554, "5.1", "No valid recipients")
NO_SUCH_MAILBOX = Reply(550, "1.1", "No such mailbox here")
RELAYING_DENIED = Reply(550, "7.1", "Mail for this domain is not taken here; nothing is relayed")
MILTER_REFUSES = Reply(550, "7.1", "Message refused")
BARE_NEWLINE = Reply(550, "6.0", "Line ends must be CRLF; bare LF found")
TOO_BIG = Reply(552, "3.4", "Message too big")
UTF8_NEEDED = Reply(553, "6.7", "Non-ASCII address without SMTPUTF8")
UTF8_NOT_TAKEN = Reply(553, "6.7", "Non-ASCII addresses are not taken here")
HEADER_TOO_BIG = Reply(554, "6.0", "Header block too big")
TOO_MANY_FIELDS = Reply(554, "6.0", "Too many header fields")
CONTENT_LINE_TOO_LONG = Reply(554, "6.0", "A line of the content is too long")
OUT_OF_STEP = Reply(554, "5.1", "You spoke before it was your turn")
LOOP = Reply(554, "4.6", "Too many Received fields: a mail loop")
UNKNOWN_PARAMETER = Reply(555, "5.4", "Parameter not known")
