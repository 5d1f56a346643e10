"""Settings that can't all be meant."""

from dataclasses import replace

import pytest

from gomail.certificates.wanted import Files
from gomail.doctor.wishes import examine_settings
from gomail.settings.values import TLS, Configuration, Listener, any_local_part

HEALTHY = Configuration("mx.example.org", "/srv/Maildir", domains=any_local_part("example.org"))
PAIR = TLS(*("/c", "/k"))
OFF = Listener("tcp:25", tls="off")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ({}, None),
        ({"domains": any_local_part("localhost")}, "domain-none"),
        ({"domains": any_local_part("vm", "localhost")}, "domain-none"),
        ({"hostname": "vm"}, "hostname-local"),
        ({"trusted": ("10.0.0.0/8", "unix")}, None),
        ({"trusted": ("::/0",)}, "trusted-everybody"),
        ({"group": "nobody-has-such-a-group"}, "group-missing"),
        ({"tls": PAIR}, None),
        ({"tls": PAIR, "listeners": (OFF,)}, "tls-off"),
        ({"tls": PAIR, "listeners": (OFF, Listener("tcp:26"))}, None),
    ],
)
def test_settings_are_looked_at(words: dict[str, object], code: str | None) -> None:
    """Each fault is one finding."""
    told = examine_settings(replace(HEALTHY, **words))  # type: ignore[arg-type]  # as it has them
    assert [each.code for each in told.findings] == ([] if code is None else [code])
    assert PAIR.files == (Files("/c", "/k"),)
