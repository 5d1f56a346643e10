"""What a refusal means, as a value; `gomail.explaining.replies` and `rules` have them all."""

from typing import NamedTuple

from gomail.reply import Reply

NOBODY = "nothing"


class Meaning(NamedTuple):
    """
    What a refusal means.

    Attributes:
        name: as docs/refusals.md and the log have it; a rule's, or the reply's.
        reply: as it is in the catalogue, without a session's id.
        what: why the server answers so, as sentences.
        settings: keys of the configuration that it comes from, ``NAME`` standing for a name.
        sender: what who sends can do, as a sentence.
        ours: what whoever runs the server can do, as a sentence.
    """

    name: str
    reply: Reply
    what: str
    settings: tuple[str, ...]
    sender: str
    ours: str

    @property
    def temporary(self) -> bool:
        """Whether the sender keeps the mail and tries again."""
        return self.reply.code < 500

    @property
    def status(self) -> str:
        """The enhanced code (RFC 3463), such as ``5.1.1``."""
        return f"{self.reply.code // 100}.{self.reply.detail}"

    @property
    def line(self) -> str:
        """The reply as a client reads it."""
        return self.reply.octets.decode().rstrip()
