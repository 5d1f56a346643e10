"""What is thought of a message: by the panel, for the policy."""

from typing import NamedTuple

from gomail.finding import Finding


class Opinion(NamedTuple):
    """
    What is thought of a message.

    Attributes:
        findings: of all methods, in the order in which readers are told.
        asked: what the author's domain wants done with it: ``none``, ``quarantine``, ``reject``.
    """

    findings: tuple[Finding, ...]
    asked: str
