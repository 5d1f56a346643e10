"""The table of campaigns: a new one is a line here."""

from tests.faults.campaign import Campaign

ALL: tuple[Campaign, ...] = ()
CAMPAIGNS: dict[str, Campaign] = {each.name: each for each in ALL}
