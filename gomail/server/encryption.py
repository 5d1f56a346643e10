"""
What a server is going to encrypt with: found before it starts, as who it will be, and told of.

Files that only root may read are read by root; that they can't be read again is said, since the
next renewal would go by unnoticed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gomail.certificates.expiry import until, what_is_wrong
from gomail.certificates.keeper import world_time
from gomail.certificates.pair import PairError
from gomail.certificates.served import Doubt, Read, Served, newer, serve, serve_again
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


def find_certificates(
    wanted: Wanted, identity: Identity = MYSELF, before: Sequence[Read] = ()
) -> Certificates:
    """
    Read the pairs that are named, as who we are; or find or make one, as who we will be.

    Args:
        wanted: which.
        identity: who we will be.
        before: pairs that are in force elsewhere; they are where those that are named can't be.

    Raises:
        StartError: one that is named can't be read or used.
    """
    if not wanted.files:
        with identity.assumed():
            return Certificates(wanted, serve(wanted, world_time()))
    try:
        served = serve(wanted, world_time())
    except PairError as error:
        served = _served_before(wanted, before, error)
    with identity.assumed():
        again = newer(wanted, served.digest)
    return Certificates(wanted, served, again if isinstance(again, Doubt) else None)


def _served_before(wanted: Wanted, before: Sequence[Read], error: PairError) -> Served:
    """Serve what is in force elsewhere, where there is any."""
    if not before:
        raise StartError(str(error)) from error
    try:
        return serve_again(wanted, before)
    except PairError as worse:
        raise StartError(str(worse)) from worse
