"""The clocks of a session: for a command, for content, and for nobody while we are asked."""

from dataclasses import replace

import pytest

from tests.smtp.desk import Parcel, late
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, in_content, octets_of


def test_e1_command_must_come_within_five_minutes() -> None:
    """RFC 5321 §4.5.3.2.7."""
    talk = Talk()
    talk.hear()
    talk.wait(299)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.codes() == ["421"]
    assert talk.closed
    assert talk.end.reason == "Timed out waiting for you"


def test_e1_octets_of_half_a_command_do_not_extend_its_time() -> None:
    """A client that sends an octet every ten seconds has no longer than another."""
    talk = Talk()
    talk.hear()
    for _ in range(30):
        talk.send(b"x")
        talk.wait(10)
    assert talk.codes() == ["421"]


def test_complete_command_begins_a_new_time() -> None:
    """A client that speaks every four minutes may stay, until it was too long without mail."""
    talk = Talk()
    talk.hear()
    for _ in range(4):
        talk.wait(240)
        assert talk.say("NOOP").startswith(b"250")
    talk.wait(239)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Too long without a message")


def test_open_transaction_stops_the_clock_of_those_without() -> None:
    """Twenty minutes count only while no transaction is open; a message begins them anew."""
    talk = Talk()
    talk.say(*ENVELOPE)
    for _ in range(6):
        talk.wait(290)
        assert talk.say("NOOP").startswith(b"250")
    talk.say("DATA", "Hello", ".")
    for _ in range(4):
        talk.wait(290)
        assert talk.say("NOOP").startswith(b"250")
    talk.wait(40)
    assert talk.codes() == ["421"]


@pytest.mark.parametrize("last", [(b"DATA\r\n", b"Hello\r\n.\r\n"), (b"BDAT 5 LAST\r\nHe", b"llo")])
def test_message_in_few_packets_begins_that_time_anew_as_well(last: tuple[bytes, bytes]) -> None:
    """A transaction may begin and come to its content in one packet, and was open all the same."""
    talk = Talk()
    talk.say("EHLO client.example")
    for _ in range(6):
        command, content = last
        talk.send(octets_of(ENVELOPE[1:]) + command, content)
        assert talk.codes()[-1] == "250"
        talk.wait(290)
    assert len(talk.desk.stored) == 6
    assert talk.hear() == b""


def test_chunks_outside_a_transaction_do_not_stop_that_time() -> None:
    """They bring no message."""
    talk = Talk(client=replace(CLIENT, trusted=True))
    talk.say("EHLO client.example")
    for _ in range(4):
        talk.wait(290)
        talk.send(b"BDAT 5 LAST\r\nHe", b"llo")
        assert talk.codes() == ["503"]
    talk.wait(41)
    assert talk.codes() == ["421"]


def test_our_own_time_does_not_count() -> None:
    """While the client waits for us its clocks stand still; afterwards it has its full time."""
    talk = Talk()
    talk.hear()
    answers = late(talk.desk, "greeted")
    for _ in range(8):
        talk.wait(290)
        talk.send(b"EHLO client.example\r\n")
        talk.wait(50)
        answers[-1].callback(None)
        talk.clock.advance(0)
        said = talk.codes()
        if said != ["250"]:
            break
        if len(answers) == 4:
            break
    assert talk.clock.seconds() == 4 * 340
    talk.wait(39)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Too long without")


def test_command_time_begins_with_our_reply() -> None:
    """An answer that took a minute leaves the client five, not six."""
    talk = Talk()
    answers = late(talk.desk, "mail")
    talk.say("EHLO client.example", "MAIL FROM:<a@there.example>")
    talk.wait(50)
    answers[0].callback(None)
    talk.hear()
    talk.wait(299)
    assert not talk.closed
    talk.wait(1)
    assert talk.codes() == ["421"]


def test_e1_content_may_pause_for_three_minutes() -> None:
    """RFC 5321 §4.5.3.2.5."""
    talk = in_content(Talk())
    talk.send(b"x" * 200_000)
    talk.wait(179)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Timed out")
    assert talk.closed
    assert [message.end for message in talk.desk.messages] == ["lost"]
    assert talk.end.verbs == "ehlo=1 mail=1 rcpt=1 data=0/1"


def test_e1_content_has_a_least_rate_after_a_minute() -> None:
    """500 octets a second over the whole time: a trickle is cut off."""
    talk = in_content(Talk())
    for _ in range(59):
        talk.send(b"x" * 10)
        talk.wait(1)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Content comes too slowly")


def test_e1_content_that_keeps_the_rate_may_go_on() -> None:
    """Slowly, but not too slowly; then too slowly."""
    talk = in_content(Talk())
    for _ in range(300):
        talk.send(b"x" * 501)
        talk.wait(1)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Content comes too slowly")


def test_e1_content_has_an_hour() -> None:
    """However fast it came, and comes."""
    talk = in_content(Talk())
    talk.send(b"x" * 4_000_000)
    for _ in range(35):
        talk.wait(100)
        talk.send(b"x")
    talk.wait(99)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Content comes too slowly")
    assert talk.clock.seconds() == 3600


def test_time_of_the_disk_is_not_the_clients() -> None:
    """While content waits for the disk, neither its pause nor its rate counts."""
    talk = in_content(Talk())
    answers = late(talk.desk, "octets")
    talk.send(b"x" * 10)
    talk.wait(200)
    answers[0].callback(None)
    talk.clock.advance(0)
    talk.wait(59)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.hear().startswith(b"421 4.4.2 Content comes too slowly")


def test_354_that_came_late_leaves_the_client_its_time() -> None:
    """Content's clocks begin with the 354, however long it took us."""
    talk = Talk()
    answers = late(talk.desk, "data")
    in_content(talk)
    talk.wait(50)
    answers[0].callback(Parcel(talk.desk, None))  # type: ignore[arg-type]
    talk.clock.advance(0)
    assert talk.codes() == ["354"]
    talk.wait(59)
    assert talk.hear() == b""
    talk.wait(1)
    assert talk.codes() == ["421"]
