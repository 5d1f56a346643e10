"""
One message never becomes two: whatever stands round a dot, however it is sent and comes in.

Each sequence of the table is content, with a second message behind it, and at the very end the
CRLF.CRLF that ends it. Only where the sequence itself is CRLF.CRLF there are two messages, by
everybody's reading; nobody who stuffs dots lets that through.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.smtp.reference import feed, octet_by_octet, reference
from tests.smtp.talk import CLIENT, ENVELOPE, Talk, in_content
from tests.smuggling.sequences import (
    CLOSEST,
    DOTS,
    END,
    ENDS,
    FIRST,
    HIDDEN,
    SEQUENCES,
    SMUGGLERS,
    TRUE_ENDS,
    Sequence,
    second,
    wire,
)

# Nobody is forgiven more: its commands may all be in one packet, DATA and content, too.
TRUSTED = replace(CLIENT, trusted=True)
SECOND = second()
LAST = b".\r\n"
CLOSE = frozenset(CLOSEST)


def cuts(octets: bytes, sequence: Sequence) -> Iterator[tuple[bytes, bytes]]:
    """Part what is sent in two, in, before and behind the sequence."""
    start = octets.index(sequence.octets + SECOND)
    for cut in range(start, start + len(sequence.octets) + 1):
        yield octets[:cut], octets[cut:]


def check_one(talk: Talk, sequence: Sequence, content: bytes) -> None:
    """See that *content* was stored as one message, and that no command was read out of it."""
    assert talk.codes() == ["250", "221"], sequence.name
    assert [stored for _, stored in talk.desk.stored] == [content], sequence.name
    assert talk.desk.told.count("mail") == 1, sequence.name


def test_f1_the_table_has_what_is_known_and_far_more() -> None:
    """Those that SEC Consult published in 2023 are among them."""
    octets = {each.octets for each in SMUGGLERS}
    assert len(octets) == len(SMUGGLERS) >= 500
    assert octets >= {
        b"\n.\n",
        b"\n.\r",
        b"\r.\n",
        b"\r.\r",
        b"\n.\r\n",
        b"\r.\r\n",
        b"\r\n.\r\r\n",
        b"\r\r\n.\r\r\n",
        b"\r\n\0.\r\n",
    }


@pytest.mark.parametrize("first", [FIRST, b"", b"Subject: one\n\nOne"])
def test_f1_content_is_read_alike_in_all_packets(first: bytes) -> None:
    """Cut anywhere round the dot, or octet by octet: the end is the standard's, and the content."""
    for sequence in SEQUENCES:
        octets = first + sequence.octets + SECOND + LAST + b"QUIT\r\n"
        expected = reference(octets)
        for packets in (octet_by_octet(octets), *cuts(octets, sequence)):
            assert feed(packets) == expected, (sequence.name, packets)
        if first and not sequence.is_end:
            assert expected[1] == b"QUIT\r\n", sequence.name


def test_f1_no_sequence_makes_a_second_message() -> None:
    """In a whole session, from a client that is trusted to send everything at once."""
    for sequence in SMUGGLERS:
        octets = wire(sequence, SECOND)
        talk = in_content(Talk(client=TRUSTED))
        talk.send(octets + LAST + b"QUIT\r\n")
        check_one(talk, sequence, reference(octets + LAST)[0])


def test_f1_no_cut_makes_a_second_message() -> None:
    """Those that somebody's server is known for, in two packets, and in packets of one octet."""
    for sequence in CLOSEST:
        octets = wire(sequence, SECOND) + LAST
        content = reference(octets)[0]
        for packets in (octet_by_octet(octets), *cuts(octets, sequence)):
            talk = in_content(Talk())
            talk.send(*packets, b"QUIT\r\n")
            check_one(talk, sequence, content)


@pytest.mark.parametrize("client", [CLIENT, TRUSTED])
def test_f1_crlf_dot_crlf_is_the_end(client: object) -> None:
    """What follows are commands then: that is no smuggling, since nobody lets it through."""
    for sequence in TRUE_ENDS:
        octets = wire(sequence, SECOND) + LAST
        content, commands = reference(octets)
        assert commands is not None
        talk = in_content(Talk(client=client))  # type: ignore[arg-type]  # None is the usual one
        talk.send(octets.removesuffix(HIDDEN + LAST), HIDDEN + LAST)
        garbage = commands.partition(b"MAIL")[0]
        stored = [each for _, each in talk.desk.stored]
        if garbage:  # a NUL or a space before MAIL: no command, and nor is what needs it
            assert talk.codes()[:4] == ["250", "500", "503", "503"], sequence.name
            assert stored == [content]
        else:
            assert talk.codes() == ["250", "250", "250", "354", "250"], sequence.name
            assert stored == [content, HIDDEN]


def test_f1_no_sequence_makes_a_second_message_under_tls() -> None:
    """In one record, and those that somebody's server is known for in two, cut behind the dot."""
    for before in ENDS:
        talk = Talk(starttls=True, client=TRUSTED)
        talk.say("EHLO client.example", "STARTTLS")
        talk.encrypt()
        talk.say(ENVELOPE[0])
        for sequence in (each for each in SMUGGLERS if each.before == before):
            octets = wire(sequence, SECOND) + LAST
            cut = len(FIRST) + len(ENDS[before] + DOTS[sequence.dot])
            whole, parted = (octets,), (octets[:cut], octets[cut:])
            for packets in (whole, parted) if sequence in CLOSE else (whole,):
                talk.say(*ENVELOPE[1:], "DATA")
                talk.send(*packets)
                assert talk.codes() == ["250"], sequence.name
                assert [stored for _, stored in talk.desk.stored] == [reference(octets)[0]]
                assert talk.desk.told.count("mail") == 1, sequence.name
                talk.desk.stored.clear()
                talk.desk.told.clear()


def test_f1_nothing_in_a_chunk_ends_it() -> None:
    """BDAT's octets are counted, and no dot is anything: not even between CRLFs (RFC 3030 §2)."""
    for sequence in SEQUENCES:
        octets = wire(sequence, SECOND + LAST)
        talk = Talk(client=TRUSTED)
        talk.say(*ENVELOPE)
        talk.send(b"BDAT %d LAST\r\n%bQUIT\r\n" % (len(octets), octets))
        check_one(talk, sequence, octets)


def test_f1_nothing_in_two_chunks_ends_them() -> None:
    """Nor where the end of a chunk is in the middle of it."""
    for sequence in (*CLOSEST, *TRUE_ENDS):
        octets = wire(sequence, SECOND + LAST)
        for chunk, rest in cuts(octets, sequence):
            talk = Talk(client=TRUSTED)
            talk.say(*ENVELOPE)
            talk.send(b"BDAT %d\r\n%bBDAT %d LAST\r\n" % (len(chunk), chunk, len(rest)), rest)
            talk.send(b"QUIT\r\n")
            assert talk.codes() == ["250", "250", "221"], sequence.name
            assert [stored for _, stored in talk.desk.stored] == [octets], sequence.name


def mended(octets: bytes) -> bytes:
    """Read CR CR LF as CR LF, once, as a `local` listener does."""
    return octets.replace(b"\r\r\n", b"\r\n")


def test_f1_mending_makes_an_end_of_crlf_dot_cr_cr_lf_alone() -> None:
    """That is what a `local` listener is for; a program that stuffs dots never sends it so."""
    made = [each for each in SMUGGLERS if END in mended(each.octets)]
    assert {each.dot for each in made} == {"."}
    assert {each.behind for each in made} == {"CR CR LF"}
    assert all(ENDS[each.before].endswith(b"\r\n") for each in made)
    for sequence in made:
        octets = wire(sequence, SECOND) + LAST
        for packets in ([octets], octet_by_octet(octets), *cuts(octets, sequence)):
            talk = in_content(Talk(local=True))
            talk.send(*packets)
            stored = [each for _, each in talk.desk.stored]
            assert stored == [reference(mended(octets))[0], HIDDEN], sequence.name


def test_f1_no_other_sequence_makes_a_second_message_on_a_local_listener() -> None:
    """Whole, and those that somebody's server is known for in two packets and octet by octet."""
    for sequence in (each for each in SMUGGLERS if END not in mended(each.octets)):
        octets = wire(sequence, SECOND) + LAST
        content = reference(mended(octets))[0]
        parted = [octet_by_octet(octets), *cuts(octets, sequence)] if sequence in CLOSE else []
        for packets in ([octets], *parted):
            talk = in_content(Talk(local=True))
            talk.send(*packets, b"QUIT\r\n")
            check_one(talk, sequence, content)


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_f1_who_stuffs_dots_sends_one_message_to_a_local_listener(line_end: bytes) -> None:
    """Whichever line ends a program looks for: mending never begins a line, so no dot is bare."""
    for sequence in SEQUENCES:
        lines = wire(sequence, SECOND).split(line_end)
        stuffed = line_end.join(b"." + line if line[:1] == b"." else line for line in lines)
        talk = in_content(Talk(local=True))
        talk.send(stuffed + LAST + b"QUIT\r\n")
        check_one(talk, sequence, reference(mended(stuffed + LAST))[0])
