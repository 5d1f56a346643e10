"""What is agreed upon with a milter."""

from struct import pack

import pytest

from gomail.milters.options import Options, Stage, Step, offer, read_options
from gomail.milters.packets import Nonsense
from tests.milters.filter import negotiated

STAGES = set(Stage)


def read(octets: bytes) -> Options:
    """Read an answer."""
    return read_options(octets[4:5], octets[5:])


def test_offer_is_what_can_be_done() -> None:
    """Fields, quarantine and names of macros; all steps but refused recipients."""
    assert offer() == b"\0\0\0\x0dO" + pack("!III", 6, 0x131, 0x1FF7FF)


def test_milter_hears_what_it_wants() -> None:
    """It leaves commands out, and answers."""
    options = read(negotiated(Step.NO_HELO | Step.NR_BODY))
    assert {stage for stage in Stage if not options.sends(stage)} == {Stage.HELO}
    assert {stage for stage in Stage if not options.answers(stage)} == {Stage.BODY}


def test_old_milter_is_told_nothing_new() -> None:
    """DATA came with version 4 of the protocol."""
    options = read(negotiated(version=2))
    assert {stage for stage in Stage if not options.sends(stage)} == {Stage.DATA}


def test_milter_may_claim_more_than_was_offered() -> None:
    """As rspamd does, whatever it is going to do."""
    assert read(negotiated(actions=0x3FF)).may_change
    assert not read(negotiated(actions=0x20)).may_change


def test_milter_names_its_macros() -> None:
    """With braces or without; for a stage that nobody knows, in vain."""
    lists = pack("!I", 3) + b"{rcpt_addr} i,j\0" + pack("!I", 9) + b"x\0"
    assert read(negotiated(macros=lists)).macros == {Stage.RCPT: ("rcpt_addr", "i", "j")}
    assert read(negotiated(macros=pack("!I", 5) + b"i i {i}\0")).macros == {Stage.END: ("i",)}


@pytest.mark.parametrize(
    "octets",
    [
        b"\0\0\0\x01c",
        b"\0\0\0\x05O\0\0\0\x06",
        negotiated(version=1),
        negotiated(version=7),
        negotiated(macros=b"\0"),
        negotiated(macros=b"\0\0\0\1i"),
        negotiated(macros=b"\0\0\0\1\0" * 13_106),
    ],
)
def test_other_answers_are_nonsense(octets: bytes) -> None:
    """Another packet, half of one, another version."""
    with pytest.raises(Nonsense):
        read(octets)
