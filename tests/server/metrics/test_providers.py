"""Whose server a client says that it is."""

import pytest

from gomail.server.metrics.providers import OTHER, PROVIDERS, provider_of


@pytest.mark.parametrize(
    ("name", "provider"),
    [
        ("EUR05-DB8-obe.outbound.protection.outlook.com", "outlook"),
        ("mail-ed1-f46.google.com", "google"),
        ("sonic312-24.consmr.mail.ne1.yahoo.com", "yahoo"),
        ("a8-29.smtp-out.amazonses.com", "amazon"),
        ("out-12.mta1.migadu.com", OTHER),
        ("outlook.com.evil.example", OTHER),
        ("evil-outlook.com", OTHER),
        ("outlook.com", "outlook"),
        ("com", OTHER),
        ("[192.0.2.1]", OTHER),
        ("", OTHER),
        (".", OTHER),
    ],
)
def test_provider_is_known_by_the_end_of_the_name(name: str, provider: str) -> None:
    """By its last two labels, in any letters; all else is one provider."""
    assert provider_of(name) == provider
    assert provider in PROVIDERS
