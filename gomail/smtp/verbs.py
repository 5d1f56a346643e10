"""
The verb table, and what each verb does: a short function that asks and answers (RFC 5321 §4.1.1).

The table's columns say what else every server repeats in each of its handlers: whether the verb
needs a greeting first. HELP is made from it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from gomail.answers import Answer, after
from gomail.reply import (
    BYE,
    CANNOT_VERIFY,
    HELLO_FIRST,
    MAIL_ALREADY,
    MAIL_FIRST,
    NO_LISTS,
    NO_VALID_RECIPIENTS,
    NOT_HTTP,
    NOT_IMPLEMENTED,
    OK,
    RECIPIENT_FIRST,
    RECIPIENT_OK,
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
from gomail.smtp.session import Session, Transaction

UNKNOWN = b"unknown"  # what the tally counts words under that are no verbs
_HTTP = frozenset(b"GET POST HEAD PUT DELETE CONNECT OPTIONS TRACE PATCH PRI".split())


def answer(session: Session, line: bytes) -> Answer[Reply]:
    """
    Answer one command line, without its CRLF.

    Raises:
        Refused: with the reply, where it is no other.
    """
    word, _, argument = line.partition(b" ")
    name = word.upper()
    verb = VERBS.get(name)
    session.verb = verb.name if verb else UNKNOWN
    if verb is None:
        raise Refused(NOT_HTTP if name in _HTTP else SYNTAX_ERROR)
    if verb.needs_greeting and not session.client.helo:
        raise Refused(HELLO_FIRST)
    return verb.handle(session, argument)


def _ehlo(session: Session, argument: bytes) -> Answer[Reply]:
    """EHLO SP ( Domain / address-literal )."""
    name = grammar.read_greeting(argument)
    return after(session.greet(name, esmtp=True), lambda _: session.introduction.ehlo)


def _helo(session: Session, argument: bytes) -> Answer[Reply]:
    """HELO SP Domain."""
    name = grammar.read_greeting(argument)
    return after(session.greet(name, esmtp=False), lambda _: session.introduction.helo)


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
    envelope = transaction.envelope
    transaction = session.transaction = Transaction(envelope, transaction.asked + 1)
    if transaction.asked > 2 * session.limits.recipients:
        raise Refused(TOO_MANY_ERRORS)  # whatever the replies were
    forward_path = grammar.read_rcpt(argument, utf8=envelope.parameters.utf8)
    if len(envelope.forward_paths) >= session.limits.recipients:
        raise Refused(TOO_MANY_RECIPIENTS)

    def welcomed(_: None) -> Reply:
        forward_paths = (*envelope.forward_paths, forward_path)
        session.transaction = Transaction(
            replace(envelope, forward_paths=forward_paths), transaction.asked
        )
        return RECIPIENT_OK

    return after(session.delivery.validateTo(forward_path), welcomed)


def _data(session: Session, argument: bytes) -> Answer[Reply]:
    """DATA."""
    grammar.read_nothing(argument)
    transaction = session.transaction
    if transaction is None:
        raise Refused(MAIL_FIRST)
    if not transaction.envelope.forward_paths:
        raise Refused(NO_VALID_RECIPIENTS if transaction.asked else RECIPIENT_FIRST)
    return after(session.start_content(transaction.envelope), lambda _: SEND_CONTENT)


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


def _bdat(session: Session, _: bytes) -> Reply:
    """BDAT is not announced; the session ends, since its chunk must never run as commands."""
    session.ending = True
    return NOT_IMPLEMENTED


@dataclass(frozen=True, slots=True)
class Verb:
    """
    One row of the table.

    Attributes:
        name: the word on the wire, in upper case.
        handle: answers the verb, given its argument.
        needs_greeting: whether HELO or EHLO must come first.
        help: how it is written, for HELP; empty for what is better not advertised.
    """

    name: bytes
    handle: Callable[[Session, bytes], Answer[Reply]]
    needs_greeting: bool
    help: str


VERBS = {
    verb.name: verb
    for verb in (
        #    verb     handle  greeting?  help
        Verb(b"EHLO", _ehlo, False, "EHLO host-name"),
        Verb(b"HELO", _helo, False, "HELO host-name"),
        Verb(b"MAIL", _mail, True, "MAIL FROM:<reverse-path> [SIZE=n] [BODY=8BITMIME] [SMTPUTF8]"),
        Verb(b"RCPT", _rcpt, True, "RCPT TO:<forward-path>"),
        Verb(b"DATA", _data, True, "DATA"),
        Verb(b"RSET", _rset, False, "RSET"),
        Verb(b"NOOP", _noop, False, "NOOP [anything]"),
        Verb(b"VRFY", _vrfy, False, "VRFY anything"),
        Verb(b"EXPN", _expn, False, "EXPN anything"),
        Verb(b"HELP", _help, False, "HELP [verb]"),
        Verb(b"QUIT", _quit, False, "QUIT"),
        Verb(b"BDAT", _bdat, False, ""),
    )
}
