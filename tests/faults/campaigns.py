"""The table of campaigns: a new one is a line here."""

from tests.faults.campaign import Campaign
from tests.faults.power.campaign import POWER
from tests.faults.power.stalls import DISKS
from tests.faults.power.writes import WRITES

ALL: tuple[Campaign, ...] = (POWER, WRITES, DISKS)
CAMPAIGNS: dict[str, Campaign] = {each.name: each for each in ALL}
