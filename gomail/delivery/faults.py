"""What the disk said, as a reply: always 4xx, since the fault is never the sender's."""

import errno

from gomail.reply import DISK_FULL, LOCAL_ERROR, MAILBOX_FULL, MAILBOX_UNAVAILABLE, Refused

_SYSTEM = frozenset({errno.ENOSPC, errno.EMFILE, errno.ENFILE, errno.ENOMEM})

# What is the matter with one Maildir alone; and a lack of room, which is known by the octets left.
_NO_FAULT_OF_THE_DISK = frozenset(
    {
        errno.EACCES,
        errno.EDQUOT,
        errno.EEXIST,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOSPC,
        errno.ENOTDIR,
        errno.EPERM,
    }
)


def is_of_system(error: OSError) -> bool:
    """Tell whether every mailbox would have met *error*, so that none is to blame."""
    return error.errno in _SYSTEM


def is_alarming(error: OSError) -> bool:
    """Tell whether *error* speaks of the disk, or of the system, rather than of a mailbox."""
    return error.errno not in _NO_FAULT_OF_THE_DISK


def refusal_of(error: OSError, at: str) -> Refused:
    """Give the refusal for a message or recipient whose Maildir *at* gave *error*."""
    reason = f"{at}: {error.strerror or error}"
    if error.errno == errno.ENOENT:
        reason += "; a Maildir that is gone is made again by a restart"
    if error.errno == errno.ENOSPC:
        return Refused(DISK_FULL, reason)
    if error.errno == errno.EDQUOT:
        return Refused(MAILBOX_FULL, reason)
    return Refused(LOCAL_ERROR if is_of_system(error) else MAILBOX_UNAVAILABLE, reason)
