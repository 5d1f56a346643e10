"""How often a test does what takes its time: less often where somebody waits for it."""

import os


def often(here: int, in_ci: int) -> int:
    """Give *in_ci* where nothing may be skipped, and *here* elsewhere."""
    return in_ci if os.environ.get("GOMAIL_CI_REQUIRE") else here
