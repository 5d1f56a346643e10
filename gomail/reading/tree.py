"""
The email package's parser, kept within bounds; runs in the child process alone.

Bounds go in through its own seams: a policy that cuts fields, a message class that looks like
plain text where it must not be opened, and feeding that stops when there are too many parts. The
policy is the old one (compat32): the newer parses a stranger's fields by recursion, and raises.
"""

from __future__ import annotations

from email.errors import MessageDefect
from email.feedparser import BytesFeedParser
from email.message import Message as EmailMessage
from email.policy import Compat32

from gomail.reading.charset import decode

KIB = 1024

#: Octets of a header field that are read.
FIELD_OCTETS = 8 * KIB
#: … of one that describes a part: the package takes quadratic time over its parameters.
PARAMETERS_OCTETS = 2 * KIB
CUT_PARAMETERS = "; …"
#: Multipart in multipart: so deep is opened.
DEPTH = 20
#: Parts of one message that are read.
PARTS = 200

_CHUNK = 8 * KIB


class BoundedPolicy(Compat32):
    """
    Fields are cut when they are read, and always text.

    What is left of a cut one tells: it is an octet too long, or ends with CUT_PARAMETERS.
    """

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        """Return name and body of a field, the body as surrogateescaped ASCII."""
        name, value = super().header_source_parse(sourcelines)
        if not name.lower().startswith("content-"):
            return name, value[: FIELD_OCTETS + 1]
        if len(value) <= PARAMETERS_OCTETS:
            return name, value
        short = value[:PARAMETERS_OCTETS]
        return name, (short.rpartition(";")[0] or short) + CUT_PARAMETERS

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return a body for the package's own use; theirs may be a Header, which is no string."""
        return decode(restore_octets(value), None)[0]


class Node(EmailMessage):
    """A part, as deep as `depth`; beyond DEPTH it holds its own parts as they came."""

    def __init__(self, policy: BoundedPolicy) -> None:
        super().__init__(policy)
        self.depth = 0
        #: Whether this is a message inside a message (RFC 2046 §5.2).
        self.is_enclosed = False

    def attach(self, payload: Node) -> None:  # type: ignore[override]  # all here are Nodes
        """Take a part that the parser has begun to read."""
        payload.depth = self.depth + 1
        payload.is_enclosed = self.own_content_type.startswith("message/")
        super().attach(payload)

    @property
    def own_content_type(self) -> str:
        """The type that the part has given itself; the parser asks `get_content_type`."""
        return super().get_content_type()

    @property
    def too_deep(self) -> bool:
        """Whether there would be parts in here, had the bound not been reached."""
        maintype = self.own_content_type.partition("/")[0]
        return self.depth >= DEPTH and maintype in {"multipart", "message"}

    def get_content_type(self) -> str:
        """Return text/plain for what must not be opened."""
        # A delivery status is lines to read; the parser would make a tree of messages of it.
        closed = self.too_deep or self.own_content_type == "message/delivery-status"
        return "text/plain" if closed else self.own_content_type

    def get_boundary(self, failobj: object = None) -> object:  # type: ignore[override]  # same
        """Return the boundary, or *failobj* where the package would raise instead."""
        try:
            return super().get_boundary(failobj)
        except (LookupError, TypeError, ValueError):
            return failobj

    def nested_parts(self) -> list[Node]:
        """Return the parts directly inside, none for a leaf."""
        payload: object = self.get_payload() if self.is_multipart() else []
        parts = payload if isinstance(payload, list) else []
        return [part for part in parts if isinstance(part, Node)]

    def octets(self) -> bytes:
        """Return a leaf's content, its transfer encoding undone (RFC 2045 §6)."""
        content: object = self.get_payload(decode=True)
        return content if isinstance(content, bytes) else b""


def parse_tree(octets: bytes) -> tuple[Node, bool]:
    """
    Return the root of the tree, and whether all parts are in it.

    Raises:
        Exception: of any type; the email package makes no promise.
    """
    made: list[Node] = []

    def make(policy: BoundedPolicy) -> Node:
        made.append(Node(policy))
        return made[-1]

    # typeshed knows factories without arguments alone; with one, the parser hands over its policy.
    parser = BytesFeedParser(make, policy=BoundedPolicy())  # type: ignore[arg-type]
    made.clear()  # it has tried its factory
    for start in range(0, len(octets), _CHUNK):
        parser.feed(octets[start : start + _CHUNK])
        if len(made) > PARTS:
            break
    parser.close()
    return made[0], len(made) <= PARTS


def restore_octets(raw: str) -> bytes:
    """Return what the email package has read as surrogateescaped ASCII."""
    return raw.encode("utf-8", "surrogateescape")


def describe_defect(defect: MessageDefect) -> str:
    """Return what is broken, in the email package's own words."""
    return " ".join((type(defect).__doc__ or type(defect).__name__).split()).rstrip(".")
