"""
A domain of ours, ready to be asked: which mailbox does a local-part mean?

The order is: mailbox, alias, and then both again without the sub-address, the longest name first.
What is left is the business of `gomail.recipients.directory`: postmaster, catch-all, nobody.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gomail.address import Address, fold
from gomail.recipients.mailbox import Destination, Mailbox
from gomail.recipients.names import Names

Destinations: TypeAlias = tuple[Destination, ...]
Expand: TypeAlias = Callable[["Hosted", str], Destinations]

# The mailbox of a domain that takes any local-part is called so, and no other can be.
EVERYBODY = "*"


@dataclass(frozen=True, slots=True)
class Hosted:
    """
    A domain of ours.

    Attributes:
        name: in the form in which domains are compared.
        names: its mailboxes; None if any local-part is taken, for one mailbox.
        configured: its aliases out of the configuration, and what each stands for.
        separator: what parts a name from the detail of a sub-address; "" if nothing does.
        pieces: what stands round the name of a mailbox in the path of its Maildir.
        blocking: whether looking up a mailbox may take its time.
    """

    name: str
    names: Names | None
    configured: Mapping[str, tuple[str, ...]]
    separator: str
    pieces: tuple[str, ...]
    blocking: bool = False

    def targets(self, name: str) -> tuple[str, ...]:
        """Give what the alias *name* stands for; () if it is none."""
        if name in self.configured:
            return self.configured[name]
        return () if self.names is None else self.names.targets(name)

    def find(self, local_part: str, expand: Expand) -> Destinations:
        """
        Give the mailboxes that *local_part* means; () for nobody.

        Args:
            local_part: as it was written.
            expand: gives the mailboxes of an alias of this domain; () if it is none.
        """
        name = fold(local_part)
        if self.names is not None and name in self.names:
            return (self._mailbox(name),)
        aliased = expand(self, name)
        if aliased:
            return aliased
        if self.names is None:
            return (self._everybody(local_part),)
        for stem, detail in _stems(local_part, self.separator):
            name = fold(stem)
            if name in self.names:
                return (self._sub_address(name, detail),)
            aliased = expand(self, name)
            if aliased:
                return aliased
        return ()

    def first(self) -> Destinations:
        """Give the first mailbox; () if there is none."""
        if self.names is None:
            return (self._everybody("postmaster"),)
        name = self.names.first()
        return () if name is None else (self._mailbox(name),)

    def maildir(self, name: str) -> str:
        """Give the path of a mailbox's Maildir; *name* is one that was read, or `EVERYBODY`."""
        # A path with the name of the mailbox in it was refused where there is one for everybody.
        return name.join(self.pieces)

    def _mailbox(self, name: str) -> Destination:
        """Make the destination of a mailbox called by its name."""
        address = f"{name}@{self.name}"
        return Destination(Mailbox(address, self.maildir(name)), address, aliased=False)

    def _sub_address(self, name: str, detail: str) -> Destination:
        """Make the destination of a sub-address; *detail* never comes into the path."""
        address = str(Address(f"{name}{self.separator}{detail}", self.name))
        mailbox = Mailbox(f"{name}@{self.name}", self.maildir(name))
        return Destination(mailbox, address, aliased=False, folder=detail)

    def _everybody(self, local_part: str) -> Destination:
        """Make the destination of any local-part, where all share a mailbox."""
        mailbox = Mailbox(f"{EVERYBODY}@{self.name}", self.maildir(EVERYBODY))
        address = str(Address(local_part, self.name))
        folder = local_part.partition(self.separator)[2] if self.separator else ""
        return Destination(mailbox, address, aliased=False, folder=folder)


def _stems(local_part: str, separator: str) -> Iterator[tuple[str, str]]:
    """Part *local_part* at each *separator* into name and detail, the longest name first."""
    if not separator:
        return
    end = local_part.rfind(separator)
    while end > 0:
        yield local_part[:end], local_part[end + 1 :]
        end = local_part.rfind(separator, 0, end)
