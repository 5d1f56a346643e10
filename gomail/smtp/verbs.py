"""
The verb table, and what each verb does: a short function that asks and answers (RFC 5321 §4.1.1).

The table's columns say what else every server repeats in each of its handlers: whether the verb
needs a greeting first, whether it is answered in plaintext where TLS is required, and whether a
client must wait for its reply. HELP is made from it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gomail.answers import Answer, after
from gomail.envelope import Envelope
from gomail.reply import (
    BYE,
    CANNOT_VERIFY,
    CHUNKS_UNDER_WAY,
    ENCRYPT_FIRST,
    ENCRYPTED_ALREADY,
    HELLO_FIRST,
    MAIL_ALREADY,
    MAIL_FIRST,
    NO_LISTS,
    NO_TLS_NOW,
    NO_VALID_RECIPIENTS,
    NOT_HTTP,
    NOT_IMPLEMENTED,
    NOT_IN_TRANSACTION,
    OK,
    READY_FOR_TLS,
    RECIPIENT_FIRST,
    SEND_CONTENT,
    SYNTAX_ERROR,
    TOO_BIG,
    TOO_MANY_ERRORS,
    TOO_MANY_MESSAGES,
    TOO_MANY_RECIPIENTS,
    Refused,
    Reply,
)
from gomail.smtp import grammar
from gomail.smtp.encryption import Prepared
from gomail.smtp.faults import refusal_of
from gomail.smtp.session import Session
from gomail.smtp.transaction import Chunk

UNKNOWN = b"unknown"  # what the tally counts words under that are no verbs
_HTTP = frozenset(b"GET POST HEAD PUT DELETE CONNECT OPTIONS TRACE PATCH PRI".split())


def read(line: bytes) -> tuple["Verb", bytes]:
    """Part a command line, without its CRLF, into verb and argument."""
    word, _, argument = line.partition(b" ")
    verb = VERBS.get(word.upper())
    return (STRANGE, word) if verb is None else (verb, argument)


def answer(session: Session, verb: "Verb", argument: bytes) -> Answer[Reply | Chunk]:
    """
    Answer one command; or tell of the chunk that comes before the answer.

    Raises:
        Refused: with the reply, where it is no other.
    """
    session.verb = verb.name
    if verb is not BDAT:  # whose chunk follows in any case
        _see_to_the_order(session, verb)
    return verb.handle(session, argument)


def _see_to_the_order(session: Session, verb: "Verb") -> None:
    """
    See that it is time for *verb*.

    Raises:
        Refused: 530 where TLS must come first (RFC 3207 §4), 503 where a greeting must.
    """
    if session.house.tls_required and not session.client.encryption and not verb.in_plaintext:
        raise Refused(ENCRYPT_FIRST)
    if verb.needs_greeting and not session.client.helo:
        raise Refused(HELLO_FIRST)


def _ehlo(session: Session, argument: bytes) -> Answer[Reply]:
    """EHLO SP ( Domain / address-literal )."""
    name = grammar.read_greeting(argument)
    introduction = session.house.introduction
    offered = session.house.tls is not None and not session.client.encryption
    reply = introduction.ehlo_offering_tls if offered else introduction.ehlo
    return after(session.greet(name, esmtp=True), lambda _: reply)


def _helo(session: Session, argument: bytes) -> Answer[Reply]:
    """HELO SP Domain."""
    name = grammar.read_greeting(argument)
    return after(session.greet(name, esmtp=False), lambda _: session.house.introduction.helo)


def _starttls(session: Session, argument: bytes) -> Reply:
    """STARTTLS (RFC 3207 §4)."""
    grammar.read_nothing(argument)
    if session.client.encryption:
        raise Refused(ENCRYPTED_ALREADY)
    if session.house.tls is None:
        raise Refused(NOT_IMPLEMENTED)
    if session.transaction is not None:
        raise Refused(NOT_IN_TRANSACTION)
    try:
        session.tls = Prepared(session.house.tls, session.speaker.busy, session.house.clock)
    except Exception as error:  # whatever it is, the client may go on without
        reason = refusal_of(error, "starting TLS", session.client.session_id).reason
        raise Refused(NO_TLS_NOW, reason) from error
    return READY_FOR_TLS


def _mail(session: Session, argument: bytes) -> Answer[Reply]:
    """MAIL FROM:<reverse-path> [SP parameters]."""
    if session.transaction is not None:
        raise Refused(MAIL_ALREADY)
    if session.messages >= session.limits.messages and not session.client.trusted:
        raise Refused(TOO_MANY_MESSAGES)
    mail = grammar.read_mail(argument)
    if (mail.parameters.size or 0) > session.limits.size:
        raise Refused(TOO_BIG)
    return session.begin(mail.reverse_path, mail.parameters)


def _rcpt(session: Session, argument: bytes) -> Answer[Reply]:
    """RCPT TO:<forward-path>."""
    transaction = session.transaction
    if transaction is None:
        raise Refused(MAIL_FIRST)
    if session.chunking:
        raise Refused(CHUNKS_UNDER_WAY)
    transaction.asked += 1
    if transaction.asked > 2 * session.limits.recipients:
        raise Refused(TOO_MANY_ERRORS)  # whatever the replies were
    forward_path = grammar.read_rcpt(argument, utf8=transaction.envelope.parameters.utf8)
    if len(transaction.accepted) >= session.limits.recipients:
        raise Refused(TOO_MANY_RECIPIENTS)
    return session.name(forward_path, transaction)


def _data(session: Session, argument: bytes) -> Answer[Reply]:
    """DATA."""
    grammar.read_nothing(argument)
    envelope = _addressed(session)
    if session.chunking:
        raise Refused(CHUNKS_UNDER_WAY)
    return after(session.start_content(envelope), lambda _: SEND_CONTENT)


def _addressed(session: Session) -> Envelope:
    """
    Give the envelope of the open transaction, in which content may come.

    Raises:
        Refused: there is none, or it has no recipient.
    """
    transaction = session.transaction
    if transaction is None:
        raise Refused(MAIL_FIRST)
    if not transaction.accepted:
        raise Refused(NO_VALID_RECIPIENTS if transaction.asked else RECIPIENT_FIRST)
    return transaction.addressed()


def _rset(session: Session, argument: bytes) -> Reply:
    """RSET."""
    grammar.read_nothing(argument)
    session.end_transaction()
    return OK


def _noop(_: Session, __: bytes) -> Reply:
    """NOOP [SP String]."""
    return OK


def _vrfy(_: Session, argument: bytes) -> Reply:
    """VRFY SP String: 252 whatever is asked (RFC 5321 §7.3)."""
    grammar.read_string(argument)
    return CANNOT_VERIFY


def _expn(_: Session, argument: bytes) -> Reply:
    """EXPN SP String."""
    grammar.read_string(argument)
    return NO_LISTS


def _help(_: Session, argument: bytes) -> Reply:
    """HELP [SP String]: all verbs, or the one that is asked for."""
    asked = VERBS.get(argument.strip().upper())
    if asked is not None and asked.help:
        return Reply(214, "0.0", asked.help)
    known = [verb.help for verb in VERBS.values() if verb.help]
    return Reply(214, "0.0", "\n".join(["This is gomail, which receives mail.", *known]))


def _quit(session: Session, argument: bytes) -> Reply:
    """QUIT."""
    grammar.read_nothing(argument)
    session.end_transaction()
    return BYE


def _bdat(session: Session, argument: bytes) -> Answer[Reply | Chunk]:
    """
    BDAT SP chunk-size [SP "LAST"] (RFC 3030 §2).

    What is said to it comes behind its chunk, whose octets must never run as commands: where nobody
    knows how many they are, or they are more than we would swallow, the session ends. It is not for
    listeners that mend line ends, where octets are not as many as were sent.
    """
    if session.house.local:
        session.ending = True
        raise Refused(NOT_IMPLEMENTED)
    try:
        size, last = grammar.read_bdat(argument)
    except Refused:
        session.ending = True
        raise
    if size > 2 * session.limits.size:
        session.ending = True
        raise Refused(TOO_BIG)
    try:
        _see_to_the_order(session, BDAT)
        envelope = _addressed(session)
    except Refused as refused:
        return _chunk(session, session.expect(Chunk(size, last, refused)))
    started = session.start_chunk(envelope, size, last=last)
    return after(started, lambda chunk: _chunk(session, chunk))


def _chunk(session: Session, chunk: Chunk) -> Answer[Reply | Chunk]:
    """Have the octets of *chunk* come; where there are none it is answered at once."""
    return chunk if chunk.size else session.end_content()


def _strange(session: Session, word: bytes) -> Reply:
    """Refuse what is no verb."""
    name = word.upper()
    # Whatever this is, the octets of a chunk may be behind it.
    session.ending = name.startswith(BDAT.name)
    raise Refused(NOT_HTTP if name in _HTTP else SYNTAX_ERROR)


@dataclass(frozen=True, slots=True)
class Verb:
    """
    One row of the table.

    Attributes:
        name: the word on the wire, in upper case.
        handle: answers the verb, given its argument.
        needs_greeting: whether HELO or EHLO must come first.
        in_plaintext: whether it is answered in plaintext where TLS is required (RFC 3207 §4).
        awaited: whether a client must have its reply before it sends anything else: what it would
            send depends on the reply (RFC 2920 §3.1).
        help: how it is written, for HELP; empty for what is better not advertised.
    """

    name: bytes
    handle: Callable[[Session, bytes], Answer[Reply | Chunk]]
    needs_greeting: bool
    in_plaintext: bool
    awaited: bool
    help: str


_MAIL_HELP = "MAIL FROM:<reverse-path> [SIZE=n] [BODY=8BITMIME] [SMTPUTF8]"
STRANGE = Verb(UNKNOWN, _strange, False, True, False, "")
STARTTLS = Verb(b"STARTTLS", _starttls, True, True, True, "STARTTLS")
BDAT = Verb(b"BDAT", _bdat, True, False, False, "BDAT size [LAST]")
VERBS = {
    verb.name: verb
    for verb in (
        #    verb         handle     greeting?  plaintext?  awaited?  help
        Verb(b"EHLO", _ehlo, False, True, True, "EHLO host-name"),
        Verb(b"HELO", _helo, False, False, True, "HELO host-name"),
        STARTTLS,
        Verb(b"MAIL", _mail, True, False, False, _MAIL_HELP),
        Verb(b"RCPT", _rcpt, True, False, False, "RCPT TO:<forward-path>"),
        Verb(b"DATA", _data, True, False, True, "DATA"),
        BDAT,
        Verb(b"RSET", _rset, False, False, False, "RSET"),
        Verb(b"NOOP", _noop, False, True, False, "NOOP [anything]"),
        Verb(b"VRFY", _vrfy, False, False, False, "VRFY anything"),
        Verb(b"EXPN", _expn, False, False, False, "EXPN anything"),
        Verb(b"HELP", _help, False, False, False, "HELP [verb]"),
        Verb(b"QUIT", _quit, False, True, False, "QUIT"),
    )
}
