"""
The big providers by whom mail comes, known by how their servers call themselves.

Anybody can call himself so: what is counted under a provider's name says how its sessions go as
long as most of them are its own. The names are a fixed set, so that no client can add one.
"""

OTHER = "other"

# The last two labels of the names by which their servers say EHLO, and have PTR records.
_DOMAINS = {
    "outlook": ("outlook.com", "hotmail.com", "microsoft.com"),
    "google": ("google.com", "googlemail.com", "gmail.com"),
    "yahoo": ("yahoo.com", "yahoo.net", "yahoodns.net", "aol.com"),
    "apple": ("apple.com", "icloud.com", "me.com"),
    "amazon": ("amazonses.com", "amazon.com"),
    "sendgrid": ("sendgrid.net",),
    "mailgun": ("mailgun.net", "mailgun.org", "mailgun.us"),
    "mailchimp": ("mcsv.net", "mcdlv.net", "rsgsv.net", "mandrillapp.com"),
    "fastmail": ("messagingengine.com", "fastmail.com"),
    "proton": ("protonmail.ch", "proton.ch", "proton.me"),
    "gmx": ("gmx.net", "gmx.com", "web.de", "kundenserver.de", "mail.com"),
    "zoho": ("zoho.com", "zoho.eu", "zohomail.com"),
    "yandex": ("yandex.net", "yandex.ru", "yandex.com"),
    "mailru": ("mail.ru", "smailru.net"),
    "tencent": ("qq.com", "exmail.com"),
}
_PROVIDERS = {domain: name for name, domains in _DOMAINS.items() for domain in domains}
PROVIDERS = (*_DOMAINS, OTHER)


def provider_of(name: str) -> str:
    """Tell whose server calls itself by *name*, of `PROVIDERS`."""
    return _PROVIDERS.get(".".join(name.lower().rsplit(".", 2)[-2:]), OTHER)
