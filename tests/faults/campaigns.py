"""The table of campaigns: a new one is a line here."""

from tests.faults.campaign import Campaign
from tests.faults.long import crews, kills, signals, soak, storms
from tests.faults.long.counted import counted
from tests.faults.power.campaign import POWER
from tests.faults.power.stalls import DISKS
from tests.faults.power.writes import WRITES

ALL: tuple[Campaign, ...] = (
    POWER,
    WRITES,
    DISKS,
    counted("kills", "Kill -9 at random moments, under load.", kills.campaign, 2500),
    counted("workers", "Kill -9 of workers, their agents and parents.", crews.campaign, 500),
    counted(
        "storm",
        "Calls of disk and sockets fail at random, under load.",
        storms.campaign,
        20_000,
        storms.missing,
    ),
    counted("signals", "SIGTERM and SIGHUP, each so often, under load.", signals.campaign, 300),
    counted("soak", "An even load for so many minutes.", soak.campaign, 61),
)
CAMPAIGNS: dict[str, Campaign] = {each.name: each for each in ALL}
