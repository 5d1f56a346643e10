"""What a server has in common with others, where it is one of several workers."""

from collections.abc import Callable
from dataclasses import dataclass

from gomail.limits import Limits
from gomail.smtp.admission import Admission


@dataclass(frozen=True, slots=True)
class Share:
    """
    What that is.

    Attributes:
        admission: makes what counts the sessions.
        root: device and inode of the folder that the root of the Maildirs was when all began; None
            where this server has just begun, too.
    """

    admission: Callable[[Limits], Admission] = Admission
    root: tuple[int, int] | None = None


ALONE = Share()
