"""Who came from outside last, as the running server tells by its control socket."""

from collections.abc import Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any

from gomail.cli.asked import ask_all
from gomail.doctor.reachability import Witness
from gomail.server.control.client import ControlError
from gomail.server.control.paths import usual_paths


def last_public(control: str | None, state: str | None, pid: int) -> tuple[Witness | None, str]:
    """
    Give the last session from a public address, and why that can't be told if it can't.

    Args:
        control: the socket's path as it is configured; empty for none, None for the usual one.
        state: the server's state folder.
        pid: the server's first process: another one's word is not taken.
    """
    paths = [control] if control else [] if control == "" else list(usual_paths(state))
    try:
        found = [each.status for each in ask_all(paths)]
    except ControlError as error:
        return None, str(error)
    try:
        said = next((each for each in found if each["pid"] == pid), None)
        if said is None:
            return None, f"another server, pid {int(found[0]['pid'])}, has the control socket"
        return read_witness(said["last-public"]), ""
    except (KeyError, TypeError, ValueError, OverflowError, OSError):
        return None, "the server's answer makes no sense"


def read_witness(last: Mapping[str, Any] | None) -> Witness | None:
    """
    Read what a server says of it; root may ask one that is somebody else's, and believes no text.

    Raises:
        KeyError, TypeError, ValueError, OverflowError, OSError: it is not what a server says.
    """
    if last is None:
        return None
    when = datetime.fromtimestamp(float(last["at"]), UTC)
    return Witness(when, str(ip_address(last["address"])))
