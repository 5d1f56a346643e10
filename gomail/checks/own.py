"""
Checks of one's own: what they are given, and what they have to say.

A check looks at each message while it comes, and gives a finding in the end. It decides nothing:
what follows from its ``fail`` is said in the configuration, by a rule that is named after it. It
may be slow, or fail: then its finding is temperror, and no mail is lost by it.

None of this needs the libraries that our own checks are made of.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface, implementer

from gomail.address import Path
from gomail.answers import Answer
from gomail.checks.records import Records
from gomail.finding import Finding

METHODS = frozenset({"arc", "dkim", "dmarc", "iprev", "spf"})  # ours
LONGEST = 30  # signs of a method's name

# Keyword of RFC 8601 §2.2, which is Ldh-str of RFC 5321 §4.1.2; names of rules are in lower case.
_METHOD = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
_KEYWORD = re.compile(r"[A-Za-z0-9-]*[A-Za-z0-9]\Z")
_PROPERTY = re.compile(r"[\w!#$%&'*+.^`{|}~-]+\Z", re.ASCII)  # a local-part, or a field's name


class Facts(NamedTuple):
    """
    What is known of a message before it comes.

    Attributes:
        ip: the client's address.
        helo: what it calls itself.
        reverse_path: whom it names as the sender.
        lookup: asks DNS, at once: given a name in A-labels and a kind of record, as in
            `gomail.checks.records.Resolver`. Its Deferred never fails, and ends with the message.
    """

    ip: str
    helo: str
    reverse_path: Path
    lookup: Callable[[str, str], Deferred[Records]]


class ICheck(Interface):
    """A check; one for all messages of a server."""

    method = Attribute(
        """
        Its name in Authentication-Results (RFC 8601 §2.2): small letters, digits and hyphens, at
        most 30; none of ours. The rule for its ``fail`` is called after it: NAME-fail.
        """
    )

    def begin(facts: Facts) -> "ILook":  # noqa: N805 -- zope's have no self
        """Begin to look at a message, whose sender and first recipient have been named."""


class ILook(Interface):
    """
    Looks at one message.

    All of it is called in the reactor's thread: be quick. After something has failed nothing more
    is called but ``close``, and the finding is temperror.
    """

    def header(block: bytes) -> None:  # noqa: N805 -- zope's have no self
        """Take the header block, with LF, without the empty line that ends it."""

    def body(octets: bytes) -> None:  # noqa: N805 -- zope's have no self
        """Take the next octets of the body, with LF; they end anywhere."""

    def finding() -> Answer[Finding]:
        """
        Say what was found, at the end of the message: now, by a Deferred or by a coroutine.

        It is waited for as long as for our own checks (`gomail.checks.panel.WAIT`), then cancelled.
        """

    def close() -> None:
        """Let go of everything: the finding was given, or there will be no message."""


@implementer(ILook)
class Look:
    """Looks at nothing; one that looks at something has what it needs instead."""

    def header(self, block: bytes) -> None:
        """Pass over the header."""

    def body(self, octets: bytes) -> None:
        """Pass over the body."""

    def finding(self) -> Answer[Finding]:
        """Have nothing to say; that is a fault."""
        raise NotImplementedError

    def close(self) -> None:
        """Hold nothing."""


def require_check(check: object) -> None:
    """
    See that an object can be a check.

    Raises:
        ValueError: with what was expected.
    """
    if not ICheck.providedBy(check):
        raise ValueError(f"an object that provides ICheck was expected, not {check!r}")
    method = getattr(check, "method", None)
    if not isinstance(method, str) or len(method) > LONGEST or not _METHOD.match(method):
        raise ValueError(
            f"{check!r}: its method is to be a name of small letters, digits and hyphens, "
            f"of at most {LONGEST}, and is {method!r}"
        )
    if method in METHODS:
        raise ValueError(f"{check!r}: its method can't be {method}, which is one of gomail's own")


def require_checks(checks: tuple[object, ...]) -> None:
    """
    See that objects can be the checks of one server.

    Raises:
        ValueError: one can't, or two have the same name.
    """
    methods = set()
    for check in checks:
        require_check(check)
        method = getattr(check, "method", "")
        if method in methods:
            raise ValueError(f"{check!r}: there is another check whose method is {method}")
        methods.add(method)


def require_finding(method: str, finding: object) -> Finding:
    """
    See that a check has given a finding that readers can be told.

    Raises:
        ValueError: it is none, or is not a part of Authentication-Results (RFC 8601 §2.2).
    """
    if not isinstance(finding, Finding) or finding.method != method:
        raise ValueError(f"a finding of {method} was expected, not {finding!r}")
    texts = (finding.result, finding.reason, *(each.value for each in finding.properties))
    if not all(isinstance(text, str) for text in texts):
        raise ValueError(f"result, reason and values are text, unlike in {finding!r}")
    if not _KEYWORD.match(finding.result):
        raise ValueError(f"a word was expected as the result, not {finding.result!r}")
    for each in finding.properties:
        if not _KEYWORD.match(each.type) or not _PROPERTY.match(each.name):
            raise ValueError(f"a property such as smtp.mailfrom was expected, not {each!r}")
    return finding
