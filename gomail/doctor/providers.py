"""Firewalls beyond this machine: where the big providers have theirs, and whose machine this is."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gomail.machine.reach import Kind, Reach

_DMI = Path("/sys/class/dmi/id")
_FIELDS = ("sys_vendor", "product_name", "board_vendor", "bios_vendor", "chassis_asset_tag")


@dataclass(frozen=True, slots=True)
class Provider:
    """
    Who rents machines to others.

    Attributes:
        name: by which people know it.
        marks: what its machines say of themselves, in small letters.
        where: where port 25 is let in.
    """

    name: str
    marks: tuple[str, ...]
    where: str


PROVIDERS = (
    Provider(
        "AWS",
        ("amazon",),
        "EC2, Security Groups, Inbound rules: TCP 25 from 0.0.0.0/0 and ::/0 (all is closed until "
        "a rule opens it), and the subnet's network ACL",
    ),
    Provider(
        "Google Cloud",
        ("google",),
        "VPC network, Firewall: an ingress rule for tcp:25 from 0.0.0.0/0 (closed until there is "
        "one); only outgoing port 25 can't be had there, which gomail does not need",
    ),
    Provider(
        "Azure",
        ("7783-7084-3265-9085-8269-3286-77",),
        "the machine's Networking, or its network security group: an inbound rule for TCP 25 "
        "(closed until there is one)",
    ),
    Provider(
        "Hetzner",
        ("hetzner",),
        "Cloud Console, Firewalls (open as long as none is applied); Robot, Firewall for servers "
        "of one's own",
    ),
    Provider(
        "OVH",
        ("ovh",),
        "Control Panel, IP, Edge Network Firewall; at Public Cloud the network's security group",
    ),
    Provider(
        "DigitalOcean",
        ("digitalocean",),
        "Networking, Firewalls: an inbound rule for TCP 25 (open as long as none is applied)",
    ),
    Provider(
        "Vultr",
        ("vultr",),
        "Network, Firewall: the group of the instance (open as long as it has none)",
    ),
    Provider(
        "Linode",
        ("linode", "akamai"),
        "Firewalls: inbound rules of the one that is assigned (open as long as none is)",
    ),
    Provider(
        "Oracle Cloud",
        ("oraclecloud",),
        "the subnet's security list, or a network security group: an ingress rule for TCP 25; its "
        "images have rules of iptables as well",
    ),
)


def marks() -> Mapping[str, str]:
    """Read what this machine says of itself, as far as everybody may."""
    found = {}
    for name in _FIELDS:
        with suppress(OSError):
            found[name] = (_DMI / name).read_text("utf-8", "replace").strip()
    return found


def provider_of(said: Mapping[str, str]) -> Provider | None:
    """Tell whose machine this is, by what it says of itself."""
    text = " ".join(said.values()).lower()
    return next((each for each in PROVIDERS if any(mark in text for mark in each.marks)), None)


def hints(here: Reach | None, said: Mapping[str, str]) -> tuple[str, ...]:
    """Say where else port 25 may be closed."""
    found = []
    if here is not None and here.kind is Kind.PRIVATE:
        found.append(
            "a router or the provider translates this machine's address (NAT): it has to pass TCP "
            f"port 25 on to {here.ipv4[0]}"
        )
    mine = provider_of(said)
    places = PROVIDERS if mine is None else (mine,)
    return (*found, *(f"{each.name}: {each.where}" for each in places))
