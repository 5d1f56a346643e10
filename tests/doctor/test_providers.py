"""Whose machine this is, by what it says of itself."""

import pytest

from gomail.doctor.providers import PROVIDERS, hints, marks, provider_of
from gomail.machine.reach import Kind, Reach


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ({"sys_vendor": "Amazon EC2", "product_name": "t3.micro"}, "AWS"),
        ({"sys_vendor": "Google", "product_name": "Google Compute Engine"}, "Google Cloud"),
        ({"chassis_asset_tag": "7783-7084-3265-9085-8269-3286-77"}, "Azure"),
        ({"sys_vendor": "Microsoft Corporation", "product_name": "Virtual Machine"}, None),
        ({"sys_vendor": "Hetzner", "product_name": "vServer"}, "Hetzner"),
        ({"sys_vendor": "DigitalOcean"}, "DigitalOcean"),
        ({"sys_vendor": "Vultr"}, "Vultr"),
        ({"sys_vendor": "Akamai", "product_name": "Linode"}, "Linode"),
        ({"chassis_asset_tag": "OracleCloud.com"}, "Oracle Cloud"),
        ({"sys_vendor": "OpenStack Foundation", "product_name": "OVH"}, "OVH"),
        ({"sys_vendor": "QEMU"}, None),
        ({}, None),
    ],
)
def test_provider_is_known_by_its_marks(said: dict[str, str], name: str | None) -> None:
    """A Hyper-V at home is not Azure."""
    found = provider_of(said)
    assert (found and found.name) == name


def test_hints_are_those_of_the_provider() -> None:
    """Else of all; behind a router that comes first."""
    [one] = hints(None, {"sys_vendor": "Hetzner"})
    assert one.startswith("Hetzner: ")
    router, *others = hints(Reach(Kind.PRIVATE, ("192.168.1.5",)), {})
    assert router.endswith("port 25 on to 192.168.1.5")
    assert len(others) == len(PROVIDERS) == 9


def test_marks_of_this_machine_are_text() -> None:
    """As far as there are any."""
    assert all(isinstance(each, str) for each in marks().values())
