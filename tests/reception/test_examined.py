"""Messages are examined while they come: what is told on top, and who hears no."""

from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from gomail.checks.examiner import ROOM
from gomail.checks.panel import DMARC_WAIT, WAIT
from gomail.checks.policy import Action, Policy
from gomail.checks.results import value
from gomail.delivery.places import Places
from gomail.events import Checked, ContentDropped, Refusal
from gomail.limits import Limits
from gomail.message.spool import Spool
from tests.checks.panels import Late
from tests.checks.signing import HEADER
from tests.faults.client import name_of
from tests.faults.house import Connection, House, opened
from tests.reception.examining import FORGED, OTHERS, SIGNATURE, SIGNED, UNSIGNED, examine
from tests.smtp.wire import logged_failures


@pytest.fixture
def house(house: House) -> House:
    """Have it examine."""
    examine(house)
    return house


def fields(stored: bytes) -> list[str]:
    """Give the names of the fields of a message, from top to bottom."""
    lines = stored.partition(b"\n\n")[0].decode().splitlines()
    return [line.partition(":")[0] for line in lines if not line[:1].isspace()]


def test_readers_are_told_who_sent_it(house: House) -> None:
    """On top of what the sender wrote and above Received, with the words of RFC 8601."""
    client = house.connect()
    assert client.mail("alice") == [250]
    name_of(client.message(SIGNED))
    (stored,) = house.messages("alice")
    assert fields(stored)[:5] == [
        *("Return-Path", "Delivered-To", "Authentication-Results", "Received", "DKIM-Signature"),
    ]
    told = stored.partition(b"Authentication-Results: ")[2].partition(b"\nReceived")[0].decode()
    assert " ".join(told.split()) == (
        'mx.here.example; iprev=permerror reason="the address has no name" policy.iprev=192.0.2.1;'
        " spf=pass smtp.helo=client.example; spf=pass smtp.mailfrom=client.example; "
        "dkim=pass header.d=example.org header.s=sel header.a=ed25519-sha256 "
        f"header.b={value(SIGNATURE)}; arc=none; dmarc=pass header.from=example.org"
    )
    (event,) = house.told(Checked)
    assert (event.action, event.rule, event.shadows) == ("mark", "", ())


def test_n4_what_bears_our_name_is_taken_out(house: House) -> None:
    """Of the sender's; results that others have told stay, and so does everything else."""
    client = house.connect()
    client.mail("alice")
    name_of(client.message(FORGED + OTHERS + FORGED + SIGNED))
    (stored,) = house.messages("alice")
    assert stored.count(b"Authentication-Results: mx.here.example") == 1
    assert b"\n" + OTHERS.replace(b"\r\n", b"\n") + b"DKIM-Signature" in stored
    assert stored.endswith(SIGNED.replace(b"\r\n", b"\n"))
    assert b"dkim=pass" in stored


@pytest.mark.parametrize(
    ("action", "reply"), [(Action.REFUSE, b"550 5.7.26 "), (Action.DEFER, b"451 4.7.26 ")]
)
def test_policy_may_refuse(house: House, action: Action, reply: bytes) -> None:
    """With the name of the rule, which the log tells as well; the session goes on."""
    examine(house, dmarc_reject=action)
    client = house.connect()
    client.mail("alice")
    said = client.message(UNSIGNED)
    assert said.startswith(reply)
    assert b"(dmarc-reject)" in said
    assert house.messages("alice") == []
    (refusal,) = house.told(Refusal)
    assert refusal.reason == f"dmarc-reject ({action.value})"
    client.mail("alice")
    name_of(client.message(SIGNED))
    assert len(house.messages("alice")) == 1


def test_rule_in_the_shadow_only_says_what_it_would_do(house: House) -> None:
    """And what else holds is done."""
    examine(house, shadow=("dmarc-reject",), dmarc_reject=Action.REFUSE)
    client = house.connect()
    client.mail("alice")
    name_of(client.message(UNSIGNED))
    assert len(house.messages("alice")) == 1
    (event,) = house.told(Checked)
    assert event.shadows == (("refuse", "dmarc-reject"),)


def test_trusted_client_is_not_examined(tmp_path: Path) -> None:
    """It may pass on anybody's mail; nothing is told of that, and nobody else tells in our name."""
    with opened(tmp_path) as house:
        examine(house, Late())
        house.factory.change(house.limits, _networks("192.0.2.0/24"), trust_unix=False)
        client = house.connect()
        client.mail("alice")
        name_of(client.message(FORGED + OTHERS + UNSIGNED))
        (stored,) = house.messages("alice")
        assert stored.endswith((OTHERS + UNSIGNED).replace(b"\r\n", b"\n"))
        assert b"mx.here.example; dmarc" not in stored
        assert house.told(Checked) == []


def _networks(text: str) -> tuple[Any, ...]:
    """Give a network."""
    from ipaddress import ip_network

    return (ip_network(text),)


@pytest.mark.parametrize("longer", [False, True], ids=["fits", "longer"])
def test_big_message_is_written_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, longer: bool
) -> None:
    """There is room on top for what is found out, unless that is longer than ever."""
    copied: list[int] = []
    copy_to = Spool.copy_to

    def counted(self: Spool, fd: int) -> int:
        copied.append(fd)
        return copy_to(self, fd)

    monkeypatch.setattr(Spool, "copy_to", counted)
    with opened(tmp_path) as house:
        house.office.limits = Limits(content_in_memory=1000)
        examine(house)
        many = b"".join(
            f"DKIM-Signature: v=1; d=d{number}.{'x' * 60}.example\r\n".encode()
            for number in range(7 if longer else 0)
        )
        body = b"0123456789abcde\r\n" * 5000
        client = house.connect()
        client.mail("alice")
        name_of(client.message(many + SIGNED, body))
        (stored,) = house.messages("alice/.Junk")
        assert stored.endswith((many + SIGNED + body).replace(b"\r\n", b"\n"))
        told = stored.partition(b"Authentication-Results: ")[2].partition(b"Received:")[0]
        assert (len(told) > ROOM) == longer
        assert bool(copied) == longer
        assert b"dkim=fail" in told  # what follows was not signed
        assert max(map(len, stored.partition(b"\n\n")[0].split(b"\n"))) <= 998


def test_r12_dns_that_sleeps_costs_no_mail(house: House) -> None:
    """It is waited for as long as it may, and then the message is taken."""
    examine(house, Late())
    client = house.connect()
    client.mail("alice")
    assert client.say(b"DATA").startswith(b"354")
    client.send(UNSIGNED + b".\r\n")
    house.bench.clock.advance(WAIT)
    house.bench.clock.advance(DMARC_WAIT)
    name_of(client._hear())
    (stored,) = house.messages("alice")
    assert b"spf=temperror" in stored
    assert b"dmarc=temperror" in stored


@pytest.mark.parametrize("where", ["Panel header", "Panel body", "Panel opinion", "forged"])
def test_fault_of_ours_costs_no_mail(
    house: House, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It is logged once, and nothing can be told; least of all that a signature does not hold."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    room, _, name = where.rpartition(" ")
    place = "gomail.checks.panel.Examination" if room else "gomail.checks.examiner"
    monkeypatch.setattr(f"{place}.{name}", broken)
    client = house.connect()
    client.mail("alice")
    with logged_failures() as logged:
        name_of(client.message(FORGED + UNSIGNED, b"more\r\n"))
    assert len(logged) == 1
    if room:
        (stored,) = house.messages("alice")
        assert b"Authentication-Results: mx.here.example;\n none\n" in stored
        assert stored.endswith(UNSIGNED.replace(b"\r\n", b"\n") + b"more\n")
        assert FORGED.replace(b"\r\n", b"\n") not in stored
    else:
        (stored,) = house.messages("alice/.Junk")
        assert FORGED.replace(b"\r\n", b"\n") in stored


def test_nobody_is_asked_for_a_message_that_does_not_come(house: House) -> None:
    """After RSET, another MAIL's refusal, and when the client leaves."""
    resolver = Late()
    examine(house, resolver)
    client = house.connect()
    client.mail("alice")
    assert resolver.waiting
    client.say(b"RSET")
    assert all(each.called for each in resolver.waiting.values())
    resolver.waiting.clear()
    client.mail("alice")
    client.say(b"DATA")
    client.send(HEADER.replace(b"\n", b"\r\n") + b"\r\nbegun")
    assert not all(each.called for each in resolver.waiting.values())
    client.leave()
    assert all(each.called for each in resolver.waiting.values())
    assert len(house.told(ContentDropped)) == 1


def test_refused_line_ends_are_not_judged(tmp_path: Path) -> None:
    """Nor does anybody ask on for such a message."""
    with opened(tmp_path) as house:
        strict = House(tmp_path, house.limits, refuse_bare_newlines=True, bench=house.bench)
        resolver = Late()
        examine(strict, resolver)
        client = Connection(strict)
        client.say(b"EHLO client.example")
        client.mail("alice")
        assert client.message(UNSIGNED + b"bare\nline\r\n").startswith(b"550 5.6.0")
        assert all(each.called for each in resolver.waiting.values())
        assert strict.told(Checked) == []
        assert strict.office.memory.used == 0


def test_reverse_path_may_be_null(house: House) -> None:
    """Whose name the client bears is asked instead."""
    client = house.connect()
    assert client.say(b"MAIL FROM:<>").startswith(b"250")
    assert client.say(b"RCPT TO:<alice@here.example>").startswith(b"250")
    name_of(client.message(SIGNED))
    (stored,) = house.messages("alice")
    told = " ".join(stored.decode().split())
    assert "spf=pass smtp.helo=client.example; spf=pass smtp.mailfrom=client.example;" in told


def test_who_names_nobody_whom_we_know_is_not_asked_about(house: House) -> None:
    """Those who try addresses cost DNS nothing; the first recipient of ours begins it, once."""
    late = Late()
    examine(house, late)
    client = house.connect()
    assert client.mail("nobody", "somebody") == [550, 550]
    assert late.waiting == {}
    client.say(b"RSET")
    assert client.mail("nobody", "alice") == [550, 250]
    waiting = dict(late.waiting)
    assert ("client.example", "TXT") in waiting
    assert client.say(b"RCPT TO:<bob@here.example>").startswith(b"250")
    assert late.waiting == waiting
    client.say(b"RSET")
    assert all(each.called for each in waiting.values())


def test_client_who_leaves_while_a_recipient_is_looked_for_is_asked_about_no_further(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What has begun by then is ended."""
    late = Late()
    examine(house, late)
    looked: Deferred[str] = Deferred()
    monkeypatch.setattr(Places, "known", lambda *_: None)
    monkeypatch.setattr(Places, "ask", lambda *_: looked)
    client = house.connect()
    assert client.say(b"MAIL FROM:<joe@example.org>").startswith(b"250")
    client.send(b"RCPT TO:<alice@here.example>\r\n")
    client.leave()
    looked.callback(str(house.root / "alice"))
    assert all(each.called for each in late.waiting.values())


def test_fault_of_the_policy_costs_no_mail(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is logged, and the message is taken as if nothing had been found out."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Policy, "decide", broken)
    client = house.connect()
    client.mail("alice")
    with logged_failures() as logged:
        name_of(client.message(UNSIGNED))
    assert len(logged) == 1
    assert b"Authentication-Results" not in house.messages("alice")[0]
