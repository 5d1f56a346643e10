"""The example that ships: each key, with its default and its say."""

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import gomail
from gomail.certificates.wanted import Files
from gomail.checks.policy import Action
from gomail.config import Configuration, Listener, directory, load
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.recipients.domain import Domain
from gomail.settings.reading import key_of, read_table
from gomail.settings.values import TLS, Checks, Metrics, Milter, Rules

EXAMPLE = Path(gomail.__path__[0]) / "gomail.example.toml"


def test_the_example_is_fine() -> None:
    """The file that ships can be used after its names were changed."""
    configuration = load(str(EXAMPLE))
    assert directory(configuration).mailboxes == 3


def test_the_example_shows_every_key() -> None:
    """Set or commented, with the default where it is commented."""
    text = EXAMPLE.read_text()
    lines = re.findall(r"^(?:# )?([a-z-]+) = ", text, re.MULTILINE)
    for kind in (Limits, Listener, Domain, TLS, Files, Checks, Metrics, Configuration):
        for each in fields(kind):
            key = key_of(each.name)
            if key in {"source", "given"}:
                continue
            found = key in lines or f"[{key}" in text or f".{key}]" in text
            assert found, f"{key} is not in the example"


def test_what_the_example_has_commented_is_the_default() -> None:
    """Taking the sign away changes nothing, but for what says that it is an example."""
    text = EXAMPLE.read_text()
    uncommented = re.sub(r"^# ([a-z-]+ = )", r"\1", text, flags=re.MULTILINE)
    configuration = read_table(tomllib.loads(uncommented))
    as_it_is = read_table(tomllib.loads(text))
    first, *others = as_it_is.listeners
    examples = (replace(first, proxy=("192.0.2.10/32", "2001:db8::/64")), *others)
    checks = Checks(True, ("127.0.0.1:53",), "example.org")
    policy = Rules(own={"greylist": Action.DEFER})
    changed = {
        "group": "mail",
        "state": "/var/lib/gomail",
        "control": "/run/gomail/control",
        "listeners": examples,
        "checks": checks,
        "policy": policy,
        "milters": (Milter("unix:/run/rspamd/milter.sock", junk_field="X-Spam: Yes"),),
        "backup_mx": ("backup.example.net",),
        "metrics": Metrics("tcp:9025:interface=127.0.0.1"),
    }
    assert configuration == replace(as_it_is, **changed)  # type: ignore[arg-type]
    assert as_it_is.limits == DEFAULT_LIMITS


def test_each_key_of_the_example_has_its_say() -> None:
    """No key stands there without a comment somewhere above it in its paragraph."""
    for paragraph in EXAMPLE.read_text().split("\n\n"):
        if " = " in paragraph:
            assert paragraph.lstrip("\n").startswith(("# ", "[")), paragraph
