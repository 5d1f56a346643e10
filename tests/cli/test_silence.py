"""Why no mail comes, by what is known of sessions and of the server."""

from typing import Any

from gomail.cli.silence import Reason, explain
from gomail.cli.ticks import Session, Ticks
from tests.cli.watched import WELL, YOU, connected, ended, refused


def test_domain_that_is_none_of_ours_is_named_in_the_remedy() -> None:
    """To be copied; what can't be one has a placeholder."""
    for line, domain in (
        ("RCPT TO:<you@Example.NET>", "example.net"),
        ("RCPT TO:<x>", "example.org"),
    ):
        [reason] = explain(YOU, WELL, seen(connected(), refused(line, "5.7.1")), lambda: ())
        assert f'[domains."{domain}"]' in reason.remedy


def test_mailbox_that_turns_mail_away_is_a_reason() -> None:
    """Its path stands in the text."""
    reasons = {"mailboxes-refuse": "mail for a mailbox is turned away: /m: no"}
    assert codes(health={"state": "degraded", "reasons": reasons}) == ["mailboxes-refuse"]


def test_database_that_fails_is_a_reason() -> None:
    """Some domains' mail is put off for it."""
    reasons = {"database-fails": "nobody knows whose mail to take: /db: no"}
    assert codes(health={"state": "degraded", "reasons": reasons}) == ["database-fails"]


def seen(*events: dict[str, Any]) -> list[Session]:
    """Give what is known of sessions after events."""
    ticks = Ticks(YOU)
    for event in events:
        list(ticks.hear(event))
    return list(ticks.sessions.values())


def codes(*events: dict[str, Any], dns: tuple[Reason, ...] = (), **status: object) -> list[str]:
    """Give the codes of the reasons for silence."""
    return [each.code for each in explain(YOU, WELL | status, seen(*events), lambda: dns)]


LAST = {"address": "209.85.222.47", "time": "2026-11-28T12:00:00Z", "session": "s", "at": 1.0}
NO_MX = Reason("mx-missing", "there is none", "add it")


def test_silence_is_explained_by_elimination() -> None:
    """The nearest reason first; DNS is not asked where somebody has come."""
    nobody = refused("RCPT TO:<yuo@example.org>", "5.1.1")
    relayed = refused("RCPT TO:<you@example.net>", "5.7.1")
    tls = ended("the client left in the TLS handshake: Connection was closed")
    failing = {"state": "failing", "reasons": {"disk-full": "0 MiB are free"}}
    assert codes(health=failing) == ["server-failing"]
    assert codes(listeners=[]) == ["not-listening"]
    assert codes(connected(), nobody, dns=(NO_MX,)) == ["unknown-mailbox"]
    assert codes(connected(), relayed) == ["wrong-domain"]
    assert codes(connected(), relayed, connected("t"), nobody | {"session": "t"}) == [
        "unknown-mailbox",
        "wrong-domain",
    ]
    assert codes(connected(), nobody, refused("DATA", "5.1")) == ["unknown-mailbox"]
    assert codes(connected(), tls) == ["tls-failed"]
    assert codes(connected(), refused("", "7.0")) == ["refused"]
    assert codes(connected(), ended()) == ["not-sent"]
    assert codes(dns=(NO_MX,)) == ["mx-missing"]
    assert codes(connected("p", "10.0.0.1"), dns=(NO_MX,)) == ["mx-missing"]
    there = WELL | {"last-public": LAST}
    assert [each.code for each in explain(YOU, there, [], list)] == ["not-sent"]
    assert codes() == ["no-connection"]
