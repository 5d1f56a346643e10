"""A message out of a file: it is examined as one that comes to the server is."""

import io

import pytest
from twisted.internet.defer import Deferred

from gomail.checks.records import Records, Resolver
from gomail.checks.trial import Found, Sender, examine, pieces
from gomail.limits import Limits
from gomail.reply import HEADER_TOO_BIG, TOO_BIG, TOO_MANY_FIELDS, Refused, Reply
from tests.checks.panels import MESSAGE, SENDER, ZONE, House, Late
from tests.checks.signing import BODY, HEADER

FORGED = b"Authentication-Results: mx.here.example; dmarc=pass\n"
SENT = Sender("192.0.2.1", "mx.example.org", SENDER)


def tried(
    message: bytes, limits: Limits | None = None, resolver: Resolver = ZONE
) -> tuple[list[Found], list[object], House]:
    """Try a message; give what was found, or what was raised."""
    house = House(resolver)
    found: list[Found] = []
    raised: list[object] = []
    work = examine(
        house.panel, SENT, pieces(io.BytesIO(message)), "mx.here.example", limits or Limits()
    )
    Deferred.fromCoroutine(work).addCallbacks(
        found.append, lambda failure: raised.append(failure.value)
    )
    return found, raised, house


def results(message: bytes) -> list[str]:
    """Give the results of a message."""
    [found], _, _ = tried(message)
    return [f"{finding.method}={finding.result}" for finding in found.opinion.findings]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("size", [0, 70_000])
def test_line_ends_make_no_difference(end: bytes, size: int) -> None:
    """A file of a Maildir and what came over the wire are the same message, however long."""
    from tests.checks.signing import signed

    message = signed(body=BODY + b"x" * size + b"\n", a="ed25519-sha256")
    assert results(message.replace(b"\n", end)) == [
        *("iprev=pass", "spf=pass", "spf=pass", "dkim=pass", "arc=none", "dmarc=pass"),
    ]


def test_fields_in_our_name_are_counted() -> None:
    """They would not be stored."""
    [found], _, _ = tried(FORGED + FORGED + MESSAGE)
    assert found.forged == 2


@pytest.mark.parametrize(
    ("message", "limits", "reply"),
    [
        (b"x" * 101, Limits(size=100), TOO_BIG),
        (b"x" * 101 + b"\n\n", Limits(header_size=100), HEADER_TOO_BIG),
        (b"x" * 101, Limits(header_size=100), HEADER_TOO_BIG),
        (b"a: b\n" * 11, Limits(header_fields=10), TOO_MANY_FIELDS),
    ],
    ids=["size", "header", "unended", "fields"],
)
def test_limits_are_the_servers(message: bytes, limits: Limits, reply: Reply) -> None:
    """What it refuses, whoever sends it, is refused here, too; and nobody is asked any more."""
    resolver = Late()
    found, [refused], house = tried(message, limits, resolver)
    assert found == []
    assert isinstance(refused, Refused)
    assert refused.reply == reply
    assert all(answer.called for answer in resolver.waiting.values())
    assert house.clock.getDelayedCalls() == []


def test_largest_message_stays_in_memory() -> None:
    """No folder is there for what would be spooled."""
    limits = Limits(size=1_000_000, content_in_memory=10, memory=10)
    [found], _, _ = tried(HEADER + b"\n" + b"x" * 900_000, limits)
    assert found.opinion.asked == "none"


def test_file_that_can_not_be_read_ends_the_examination() -> None:
    """The error is told, and DNS asked no further."""

    class Broken(io.BytesIO):
        def read(self, _: int | None = -1) -> bytes:
            raise OSError("the disk is broken")

    resolver = Late()
    house = House(resolver)
    work = examine(house.panel, SENT, pieces(Broken()), "mx.here.example", Limits())
    raised: list[object] = []
    Deferred.fromCoroutine(work).addErrback(lambda failure: raised.append(failure.value))
    assert isinstance(raised[0], OSError)
    assert all(answer.called for answer in resolver.waiting.values())


def test_late_answers_are_known() -> None:
    """Whoever asks real DNS waits for it."""
    resolver = Late()
    found, raised, house = tried(MESSAGE, resolver=resolver)
    assert (found, raised) == ([], [])
    for (name, kind), answer in list(resolver.waiting.items()):
        _answer(answer, name, kind)
    house.clock.pump([1] * 20)
    assert len(found) == 1


def _answer(answer: Deferred[Records], name: str, kind: str) -> None:
    """Have the zone answer."""
    Deferred.fromCoroutine(ZONE.lookup(name, kind)).chainDeferred(answer)
