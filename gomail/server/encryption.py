"""
What a server is going to encrypt with: found before it starts, as who it will be, and told of.

Files that only root may read are read by root; that they can't be read again is said, since the
next renewal would go by unnoticed.
"""

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from gomail.certificates.expiry import until, what_is_wrong
from gomail.certificates.keeper import world_time
from gomail.certificates.pair import PairError
from gomail.certificates.served import Doubt, Served, newer, serve
from gomail.certificates.wanted import Wanted
from gomail.server.start import MYSELF, Identity, StartError


@dataclass(frozen=True, slots=True)
class Certificates:
    """
    What was found.

    Attributes:
        wanted: where it came from.
        served: what is in force at first.
        doubt: why the files can't be read again, if they can't.
    """

    wanted: Wanted
    served: Served
    doubt: Doubt | None = None

    def __str__(self) -> str:
        """Name the certificate that most clients will see, and its end."""
        pair, *others = self.served.pairs
        kind = "a self-signed certificate" if pair.self_signed else "the certificate"
        more = f", and {len(others)} more" if others else ""
        return f"{kind} of {', '.join(pair.names)} until {until(pair)}{more}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of it."""
        notes = [what_is_wrong(pair, world_time()) for pair in self.served.pairs]
        if self.doubt is not None:
            notes.append(f"a renewed certificate will go by unnoticed: {self.doubt.why}")
        return tuple(note for note in (self.served.note, *notes) if note)


def state_folder(given: str | None, identity: Identity = MYSELF) -> str | None:
    """Give the folder of what gomail keeps for itself, if its user has any place for that."""
    systemd = os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    if given or systemd:
        return given or systemd
    try:
        if identity.uid is not None and identity.uid != os.geteuid():
            home = Path(pwd.getpwuid(identity.uid).pw_dir, ".local", "state")
        else:  # what the environment says is said of us, and of nobody else
            home = Path(os.environ.get("XDG_STATE_HOME", "")).expanduser()
            home = home if home.is_absolute() else Path.home() / ".local" / "state"
    except (KeyError, RuntimeError):
        return None
    return str(home / "gomail")


def find_certificates(wanted: Wanted, identity: Identity = MYSELF) -> Certificates:
    """
    Read the pairs that are named, as who we are; or find or make one, as who we will be.

    Raises:
        StartError: one that is named can't be read or used.
    """
    if not wanted.files:
        with identity.assumed():
            return Certificates(wanted, serve(wanted, world_time()))
    try:
        served = serve(wanted, world_time())
    except PairError as error:
        raise StartError(str(error)) from error
    with identity.assumed():
        again = newer(wanted, served.digest)
    return Certificates(wanted, served, again if isinstance(again, Doubt) else None)
