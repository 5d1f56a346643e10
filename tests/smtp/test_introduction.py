"""What we say of ourselves."""

from gomail.limits import Limits
from gomail.smtp.introduction import introduce


def test_banner_says_who_and_what() -> None:
    """RFC 5321 §4.3.1: our name first, then that EHLO is understood."""
    assert introduce("mx.example", Limits()).banner.octets == b"220 mx.example ESMTP gomail\r\n"


def test_helo_is_answered_with_our_name() -> None:
    """And nothing else: no extension goes with it."""
    assert introduce("mx.example", Limits()).helo.octets == b"250 mx.example\r\n"


def test_ehlo_announces_what_holds() -> None:
    """The limits announced are those that are kept (RFC 1870, RFC 9422)."""
    lines = introduce(
        "mx.example", Limits(size=7, messages=8, recipients=9)
    ).ehlo.octets.splitlines()
    assert lines[0] == b"250-mx.example"
    assert b"250-SIZE 7" in lines
    assert b"250-LIMITS MAILMAX=8 RCPTMAX=9" in lines
    assert lines[-1] == b"250 HELP"


def test_nothing_is_announced_that_is_not_spoken() -> None:
    """No STARTTLS without a certificate, no BINARYMIME, no DSN, no AUTH."""
    introduction = introduce("mx.example", Limits())
    for keyword in (b"STARTTLS", b"DSN", b"AUTH", b"BINARYMIME", b"VRFY", b"EXPN"):
        assert keyword not in introduction.ehlo.octets
    assert b"\r\n250-STARTTLS\r\n" in introduction.ehlo_offering_tls.octets
