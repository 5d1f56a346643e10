"""Configuration files: read, or refused in one line that says where; what is written reads back."""

import re
import tempfile
from dataclasses import replace
from pathlib import Path

from gomail import config
from tests.fuzz.target import Target

PLACE = re.compile(r"(?:, line (\d+))?: ")


def check(octets: bytes) -> None:
    """Read the octets as a file."""
    path = FOLDER / "gomail.toml"
    path.write_bytes(octets)
    try:
        configuration = config.load(str(path))
    except config.ConfigurationError as error:
        check_complaint(str(error), octets, str(path))
        return
    check_written(configuration)
    check_directory(configuration)


def check_complaint(said: str, octets: bytes, path: str) -> None:
    """A mistake is told in a line that may go to any terminal, with a line that there is."""
    assert said.isprintable(), said
    assert len(said) < len(path) + 2 * len(octets) + 1000
    if said.startswith("the path "):
        return
    assert said.startswith(path), said
    place = PLACE.match(said, len(path))
    assert place is not None, said
    assert place[1] is None or 1 <= int(place[1]) <= octets.count(b"\n") + 1, said


def check_written(configuration: config.Configuration) -> None:
    """All settings written down as a file are the same settings."""
    again = FOLDER / "again.toml"
    again.write_text(config.render(configuration), encoding="utf-8")
    read = config.load(str(again))
    assert replace(read, source=configuration.source, given=configuration.given) == configuration


def check_directory(configuration: config.Configuration) -> None:
    """Who gets what can be told, or is refused in one line; files of mailboxes are others'."""
    if any(isinstance(domain.mailboxes, str) for domain in configuration.domains.values()):
        return
    try:
        config.directory(configuration)
    except config.ConfigurationError as error:
        said = str(error)
    else:
        return
    assert said.isprintable(), said


def made() -> tuple[Path, tempfile.TemporaryDirectory]:
    """Make a folder that goes with the process."""
    folder = tempfile.TemporaryDirectory(prefix="gomail-fuzz-")
    return Path(folder.name), folder


FOLDER, _KEPT = made()

SEEDS = (
    "",
    'hostname = "mx.here.example"\nmaildir = "Maildir/{user}"\ntrusted = ["192.0.2.0/24"]\n',
    '[[listener]]\nendpoint = "tcp:25"\nlocal = true\nproxy = ["127.0.0.0/8"]\n[[listener]]\n',
    '[domains."a.example"]\nmailboxes = ["b", "c"]\n[domains."a.example".aliases]\nd = ["b+x"]\n',
    'trusted = ["unix"]\n[domains.localhost]\nmailboxes = ["b"]\ncatch-all = "b"\n',
    '[limits]\nsize = "50 MiB"\nrecipients = 100\ncommand-timeout = "5 min"\ndata-rate-grace = 1\n',
    '[tls]\ncertificate = "a.pem"\nkey = "b.pem"\n[[tls.sni]]\ncertificate = "c"\nkey = "d"\n',
    'group = "it\\u001b\\"\\\\s"\n',
    '"\u202e" = 1\n',
    'log-format = "json"\nsync = "filesystem"\nstoring = "thread"\nstate = "~/x"\ngroup = "mail"\n',
)
TARGET = Target(
    check,
    words=tuple(
        word.encode()
        for word in (
            "hostname", "maildir", "trusted", "log-format", "sync", "storing", "state", "group",
            "[[listener]]", "endpoint", "local", "bare-newline", "tls", "proxy", '[domains."a.b"]',
            "mailboxes", "catch-all", "subaddress-separator", ".aliases]", "[limits]", "size",
            "recipients", "command-line", "hops", "[tls]", "[[tls.sni]]", "certificate", "key",
            "session-tickets", " = ", '"', "'", '"""', "[", "]", "{", "}", ",", "\n", "#", ".",
            "true", "1e400", "0x7fffffffffffffff", "inf", "nan", "-1", "1979-05-27T07:32:00Z",
            '"50 MiB"', '"5 min"', '"tcp:25"', '"~nobody/x"', "\\u0000", "\\U0010ffff", "\0",
            '"postmaster"', '"sqlite:x"', "ä.example", "{domain}", "{user}", "9" * 40, "_",
        )
    ),
    seeds=tuple(seed.encode() for seed in SEEDS),
)  # fmt: skip
