"""What a configuration says of the server, to those who look at DNS."""

from pathlib import Path

import pytest

from gomail.cli.known import known_of
from gomail.config import ConfigurationError, parse
from gomail.machine.netlink import Address

BOTH, UNKNOWN = (True, True), (None, None)


@pytest.mark.parametrize(
    ("endpoints", "families"),
    [
        ([], UNKNOWN),
        (["tcp:25"], BOTH),
        (["tcp4:25"], (True, False)),
        (["tcp6:25"], (False, True)),
        (["tcp:25:interface=192.0.2.1"], (True, False)),
        ([r"tcp:25:interface=2001\\:db8\\:\\:1"], (False, True)),
        (["tcp:25:interface=192.0.2.1", r"tcp:25:interface=2001\\:db8\\:\\:1"], BOTH),
        (["tcp:25:interface=192.0.2.1", "tcp:2525:interface=127.0.0.1"], (True, False)),
        (["systemd:domain=INET6:index=0"], UNKNOWN),
        (["unix:/run/smtp"], UNKNOWN),
    ],
)
def test_listeners_tell_families(
    endpoints: list[str], families: tuple[bool | None, bool | None]
) -> None:
    """As far as they do; what systemd or a proxy knows is not known here."""
    text = "".join(f'[[listener]]\nendpoint = "{each}"\n' for each in endpoints)
    known = known_of(parse(f'hostname = "mx.a.example"\n{text}', "gomail.toml"))
    assert (known.ipv4, known.ipv6) == families
    assert known.host == "mx.a.example"


def test_name_that_is_given_goes_first() -> None:
    """What the machine calls itself is no name that anybody has chosen for mail."""
    configuration = parse("", "gomail.toml")
    assert known_of(configuration).host is None
    assert known_of(configuration, "mx.b.example").host == "mx.b.example"
    assert known_of(None).host is None


def test_certificate_that_is_named_must_be_there(tmp_path: Path) -> None:
    """Its absence is told; that of our own is not, since it may not be made yet."""
    text = f'state = "{tmp_path}"\n'
    assert known_of(parse(text, "gomail.toml")).chain == ()
    text += f'[tls]\ncertificate = "{tmp_path}/none"\nkey = "{tmp_path}/none"\n'
    with pytest.raises(ConfigurationError):
        known_of(parse(text, "gomail.toml"))


def test_public_addresses_are_those_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which is the one that is configured; where it doesn't tell, they are not known."""
    here = (Address("10.0.0.1", "eth0", stable=True), Address("5.9.1.1", "eth0", stable=True))
    monkeypatch.setattr("gomail.cli.known.addresses", lambda: here)
    assert known_of(parse("", "gomail.toml")).addresses == ("5.9.1.1",)

    def untold() -> None:
        raise OSError("this system does not tell its addresses")

    monkeypatch.setattr("gomail.cli.known.addresses", untold)
    assert known_of(parse("", "gomail.toml")).addresses == ()
