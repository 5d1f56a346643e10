"""The meanings: none is missing, and what they name there is."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

import pytest

import gomail
from gomail.checks.policy import RULES
from gomail.explaining.catalogue import MEANINGS, by_code, by_name, by_words, is_code
from gomail.explaining.meaning import Meaning
from gomail.explaining.rules import own_meaning
from gomail.limits import Limits
from gomail.recipients.domain import Domain
from gomail.reply import Reply
from gomail.settings.reading import key_of
from gomail.settings.values import TLS, Configuration, Listener, Milter, Rules
from tests.catalogue.refusals import PAGE

TABLES: dict[str, type] = {
    "limits": Limits,
    "listener": Listener,
    "milter": Milter,
    "tls": TLS,
    "policy": Rules,
    "domains.NAME": Domain,
}


def keys(kind: type, prefix: str = "") -> set[str]:
    """Give the keys that a table of the configuration may have."""
    assert is_dataclass(kind)
    return {f"{prefix}{key_of(each.name)}" for each in fields(kind)}


def replies() -> Iterator[tuple[str, Reply]]:
    """Give every refusal that a module of gomail has a name for."""
    for module in pkgutil.walk_packages(gomail.__path__, "gomail."):
        if module.name.startswith(("gomail.testing", "gomail.__main__")):
            continue
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Reply) and not value.positive:
                yield f"{module.name}.{name}", value


def test_every_refusal_has_a_meaning() -> None:
    """Whoever adds a reply says what it means, what sets it, and what can be done."""
    known = {each.reply for each in MEANINGS}
    assert [name for name, each in replies() if each not in known] == []
    assert {rule.name for rule in RULES} <= {each.name for each in MEANINGS}


def test_every_refusal_of_the_page_is_explained() -> None:
    """docs/refusals.md and the command have the same ones, with the same words."""
    rows = [line.split("|")[1:-1] for line in PAGE.read_text().splitlines() if line[:2] == "| "]
    named = {row[0].strip(" `"): row for row in rows if row[0].strip() not in {"rule", "name"}}
    assert named.keys() == {each.name for each in MEANINGS}
    for each in MEANINGS:
        assert any(each.line in cell for cell in named[each.name])


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda each: each.name)
def test_refusal_is_found_by_code_name_and_words(meaning: Meaning) -> None:
    """As a postmaster may have it."""
    code = f"{meaning.reply.code} {meaning.status}"
    assert all(
        meaning in by_code(each)
        for each in (code, meaning.status, code[:3], code.replace(" ", "-"))
    )
    assert by_name(meaning.name) == meaning
    assert by_name(meaning.name.replace(" ", "_").upper()) == meaning
    assert by_words(f"{meaning.reply.text}: a reason") == meaning


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda each: each.name)
def test_meaning_is_whole(meaning: Meaning) -> None:
    """Sentences for both sides; the names of its settings are those of the configuration."""
    for each in (meaning.what, meaning.sender, meaning.ours):
        assert each[0].isupper()
        assert each.endswith(".")
        assert each.isprintable()
    known = keys(Configuration) | {"policy.shadow", "domains"}
    known |= {f"policy.{rule.name}" for rule in RULES}
    known |= {key for name, kind in TABLES.items() for key in keys(kind, f"{name}.")}
    assert set(meaning.settings) <= known


def test_rule_of_ones_own_is_known_by_its_name() -> None:
    """Its setting bears the name of the check."""
    assert by_name("dnsbl-fail") == own_meaning("dnsbl-fail")
    assert own_meaning("dnsbl-fail").settings[0] == "policy.own.dnsbl"
    text = "A check of this server does not let the message pass (dnsbl-fail): why"
    assert by_words(text) == own_meaning("dnsbl-fail")


@pytest.mark.parametrize("text", ["", "frob", "no such", "x" * 100 + "-fail"])
def test_what_is_no_name_is_none(text: str) -> None:
    """Nothing is guessed."""
    assert by_name(text) is None
    assert by_words(text) is None
    assert by_code(text) == ()


@pytest.mark.parametrize(
    ("text", "code"), [("5.1.1", True), ("550", True), ("", False), ("5.1", False)]
)
def test_codes_are_told_from_words(text: str, code: bool) -> None:  # noqa: FBT001 -- as given
    """A code is digits alone."""
    assert is_code(text) == code


def test_deferral_is_among_the_meanings_of_a_rule() -> None:
    """What may be refused may be deferred."""
    assert [each.name for each in by_code("451 4.7.25")] == ["iprev-fail"]
