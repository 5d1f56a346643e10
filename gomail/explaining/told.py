"""What is told of a reply, and what is told of many."""

from typing import NamedTuple

from gomail.explaining.meaning import NOBODY
from gomail.reply import Reply

WAIT = "Nothing: a mail server tries again by itself, for days."
PROGRAM = "Mend the program that sends: no mail server does this."


class Told(NamedTuple):
    """What is told of a reply; see `gomail.explaining.meaning.Meaning`."""

    reply: Reply
    what: str
    settings: tuple[str, ...] = ()
    sender: str = PROGRAM
    ours: str = NOBODY.capitalize() + "."
