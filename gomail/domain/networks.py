"""
Addresses and hosts that say something: where no mail can come, and whose it would be.

What others have published is a copy with its date. That an address is not in it proves nothing;
that it is, is said as such.
"""

from ipaddress import ip_address, ip_network

CLOUDFLARE_DATE = "2026-10-14"  # of this copy of https://www.cloudflare.com/ips/
_CLOUDFLARE_RANGES = """
    173.245.48.0/20 103.21.244.0/22 103.22.200.0/22 103.31.4.0/22 141.101.64.0/18
    108.162.192.0/18 190.93.240.0/20 188.114.96.0/20 197.234.240.0/22 198.41.128.0/17
    162.158.0.0/15 104.16.0.0/13 104.24.0.0/14 172.64.0.0/13 131.0.72.0/22
    2400:cb00::/32 2606:4700::/32 2803:f800::/32 2405:b500::/32 2405:8100::/32
    2a06:98c0::/29 2c0f:f248::/32
"""
_CLOUDFLARE = tuple(map(ip_network, _CLOUDFLARE_RANGES.split()))
_SHARED = ip_network("100.64.0.0/10")  # RFC 6598

# Hosts that registrars and providers put into MX by themselves, or have their customers put there.
_PROVIDERS = {
    "registrar-servers.com": "Namecheap",
    "privateemail.com": "Namecheap",
    "secureserver.net": "GoDaddy",
    "gandi.net": "Gandi",
    "ovh.net": "OVH",
    "kundenserver.de": "IONOS",
    "ionos.com": "IONOS",
    "ionos.de": "IONOS",
    "rzone.de": "Strato",
    "one.com": "one.com",
    "porkbun.com": "Porkbun",
    "hostinger.com": "Hostinger",
    "dreamhost.com": "DreamHost",
    "name.com": "Name.com",
    "mx.cloudflare.net": "Cloudflare's routing of mail",
    "google.com": "Google",
    "googlemail.com": "Google",
    "mail.protection.outlook.com": "Microsoft",
    "mx.microsoft": "Microsoft",
    "icloud.com": "Apple",
    "zoho.com": "Zoho",
    "zoho.eu": "Zoho",
    "yandex.net": "Yandex",
    "protonmail.ch": "Proton",
    "messagingengine.com": "Fastmail",
    "mailgun.org": "Mailgun",
    "amazonaws.com": "Amazon",
    "improvmx.com": "ImprovMX",
    "forwardemail.net": "Forward Email",
}


def address_kind(ip: str) -> str:
    """Name the kind of record that an address stands in."""
    return "AAAA" if ":" in ip else "A"


def is_proxied(ip: str) -> bool:
    """Tell whether Cloudflare answers at an address, which passes on the web and no mail."""
    return any(ip_address(ip) in each for each in _CLOUDFLARE)


def is_shared(ip: str) -> bool:
    """Tell whether a provider has many customers behind an address (carrier-grade NAT)."""
    return ip_address(ip) in _SHARED


def is_private(ip: str) -> bool:
    """Tell whether an address can't be reached from everywhere, for another reason."""
    address = ip_address(ip)
    return not address.is_global or address.is_multicast


def provider(host: str) -> str | None:
    """Name the provider that a mail host belongs to, if it is a known one."""
    labels = host.split(".")
    return next(
        (
            _PROVIDERS[suffix]
            for suffix in (".".join(labels[start:]) for start in range(len(labels)))
            if suffix in _PROVIDERS
        ),
        None,
    )
