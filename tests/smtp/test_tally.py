"""The one line about what was said."""

from gomail.smtp.tally import Tally


def test_nothing_said_is_nothing() -> None:
    """A port scan."""
    assert str(Tally()) == ""


def test_verbs_stand_in_the_order_in_which_they_came() -> None:
    """Each with how often it was accepted, and of how many where some were not."""
    tally = Tally()
    for verb, accepted in [
        (b"EHLO", True),
        (b"RCPT", True),
        (b"RCPT", False),
        (b"EHLO", True),
        (b"DATA", False),
    ]:
        tally.add(verb, accepted=accepted)
    assert str(tally) == "ehlo=2 rcpt=1/2 data=0/1"
