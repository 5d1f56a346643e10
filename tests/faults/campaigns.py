"""The table of campaigns: a new one is a line here."""

from tests.faults.campaign import Campaign
from tests.faults.power.campaign import POWER

ALL: tuple[Campaign, ...] = (POWER,)
CAMPAIGNS: dict[str, Campaign] = {each.name: each for each in ALL}
