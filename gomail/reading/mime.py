"""
Octets → Message; runs in the child process alone.

Never raises for what is in the octets: what is broken, cut or left out ends in
`Message.problems`. When even that fails, or takes too long, `outline` shows what costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gomail.reading.charset import decode
from gomail.reading.fields import decode_field, name_file
from gomail.reading.hypertext import read_hypertext
from gomail.reading.message import Field, Message, Part
from gomail.reading.tree import (
    CUT_PARAMETERS,
    FIELD_OCTETS,
    KIB,
    PARTS,
    Node,
    describe_defect,
    parse_tree,
)

#: Header fields of one message that are shown, and octets of text in all of them.
FIELDS = 200
FIELDS_OCTETS = 64 * KIB
#: Octets of text (UTF-8) of one part, and in all.
TEXT_OCTETS = 256 * KIB
TEXTS_OCTETS = 512 * KIB
PROBLEMS = 20

_OUTLINE_FIELD = 200
_OUTLINE_TEXT = 4 * KIB
_LONGEST_NAME = 100

T = TypeVar("T")


def read_octets(octets: bytes, size: int) -> Message:
    """Read a stored message from its first *octets*; *size* is that of its file."""
    return read_tree(octets, size)[0]


def read_tree(octets: bytes, size: int) -> tuple[Message, Node | None]:
    """Read a stored message as `read_octets` does, and give its tree, if it could be parsed."""
    reading = _Reading()
    if size > len(octets):
        reading.say(f"only the first {len(octets):,} of {size:,} octets were read")
    parsed = reading.attempt("the structure", lambda: parse_tree(octets), None)
    if parsed is None:
        return outline(octets, size, *reading.problems), None
    root, complete = parsed
    if not complete:
        reading.say(f"only the first {PARTS} parts were read")
    fields = reading.read_fields(root)
    part = reading.read_part(root, hypertext=True)
    return Message(fields, part, size, tuple(reading.problems)), root


def outline(octets: bytes, size: int, *problems: str) -> Message:
    """Return what costs nothing: header lines and the content's beginning, undecoded."""
    head, _, content = octets.replace(b"\r\n", b"\n").partition(b"\n\n")
    text = decode(head[:FIELDS_OCTETS], None)[0].replace("\n ", " ").replace("\n\t", " ")
    pairs = (line.partition(":") for line in text.split("\n")[:FIELDS])
    fields = tuple(
        Field(
            name[:_LONGEST_NAME],
            body.strip()[:_OUTLINE_FIELD],
            cut=len(body.strip()) > _OUTLINE_FIELD,
        )
        for name, _, body in pairs
        if body
    )
    root = Part("text/plain", len(content), text=decode(content[:_OUTLINE_TEXT], None)[0])
    return Message(fields, root, size, (*problems, "shown undecoded, and only its beginning"))


class _Reading:
    """What has been read of one message so far, and what is to be said about it."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self._parts_left = PARTS
        self._fields_left = FIELDS_OCTETS
        self._texts_left = TEXTS_OCTETS

    def say(self, problem: str) -> None:
        """Remember *problem*, once, and no more than a screenful of them."""
        if problem not in self.problems and len(self.problems) < PROBLEMS:
            self.problems.append(problem)

    def attempt(self, what: str, read: Callable[[], T], otherwise: T) -> T:
        """Return what *read* returns; when it fails say so, and return *otherwise*."""
        try:
            return read()
        except Exception as failure:  # noqa: BLE001 - the email package raises anything at all
            self.say(f"{what} could not be read ({type(failure).__name__})")
            return otherwise

    def read_fields(self, node: Node) -> tuple[Field, ...]:
        """Return the header fields of a message, in their order."""
        raw = list(node.raw_items())
        if len(raw) > FIELDS:
            self.say(f"only the first {FIELDS} of {len(raw):,} header fields are shown")
        return tuple(self._read_field(str(name), str(body)) for name, body in raw[:FIELDS])

    def _read_field(self, name: str, raw: str) -> Field:
        bound = max(min(FIELD_OCTETS, self._fields_left), 0)
        whole = raw.removesuffix(CUT_PARAMETERS)
        text = self.attempt("a header field", lambda: decode_field(whole[:bound]), "")
        shown = _cut(text, bound)
        self._fields_left -= len(shown.encode("utf-8", "surrogatepass"))
        cut = len(raw) > bound or shown != text or raw != whole
        if cut:
            self.say("long header fields were cut")
        return Field(name[:_LONGEST_NAME], shown, cut=cut)

    def read_part(self, node: Node, *, hypertext: bool) -> Part:
        """Return *node* and all below it; *hypertext* says that HTML is all there is to read."""
        self._parts_left -= 1
        children = self._read_children(node, hypertext=hypertext)
        kind = node.own_content_type[:_LONGEST_NAME]
        disposition = self.attempt("a disposition", node.get_content_disposition, None)
        charset = self.attempt("a charset", node.get_content_charset, None)
        octets = self.attempt("a transfer encoding", node.octets, b"")
        if node.too_deep:
            self.say(f"parts nested {node.depth} deep were not opened")
        text = None
        if disposition != "attachment" and not node.is_multipart():
            text = self._read_text(octets, kind, charset, hypertext=hypertext)
        for defect in node.defects:
            self.say(describe_defect(defect))
        return Part(
            content_type=kind,
            size=len(octets) + sum(child.size for child in children),
            charset=charset and charset[:_LONGEST_NAME],
            disposition=disposition and disposition[:_LONGEST_NAME],
            filename=self._read_filename(node),
            text=text,
            fields=self.read_fields(node) if node.is_enclosed else (),
            children=children,
        )

    def _read_children(self, node: Node, *, hypertext: bool) -> tuple[Part, ...]:
        nested = node.nested_parts()
        if node.own_content_type == "multipart/alternative":
            hypertext = hypertext and not any(map(_has_plain_text, nested))
        children = []
        for child in nested:
            if not self._parts_left:
                self.say(f"only the first {PARTS} parts were read")
                break
            children.append(self.read_part(child, hypertext=hypertext))
        return tuple(children)

    def _read_filename(self, node: Node) -> str | None:
        raw = self.attempt("a file name", node.get_filename, None)
        return None if raw is None else name_file(decode_field(raw))

    def _read_text(
        self, octets: bytes, kind: str, charset: str | None, *, hypertext: bool
    ) -> str | None:
        """Return what there is to read in a leaf, within the bounds."""
        is_markup = kind in {"text/html", "application/xhtml+xml"}
        if is_markup and not hypertext:
            return None
        if not (is_markup or kind.startswith("text/") or kind == "message/delivery-status"):
            return None
        decoded, problem = decode(octets, charset)
        whole = decoded.replace("\r\n", "\n")
        if problem:
            self.say(problem)
        text = _cut(whole, max(min(TEXT_OCTETS, self._texts_left), 0))
        if len(text) < len(whole):
            self.say("long texts were cut")
        if is_markup:
            markup = text
            text = self.attempt("HTML", lambda: read_hypertext(markup), markup)
        self._texts_left -= len(text.encode("utf-8", "surrogatepass"))
        return text


def _has_plain_text(node: Node) -> bool:
    """Tell whether there is a plain text in *node* that is worth reading instead of HTML."""
    if node.is_multipart():
        return any(map(_has_plain_text, node.nested_parts()))
    payload: object = node.get_payload()
    return node.own_content_type == "text/plain" and bool(str(payload).strip())


def _cut(text: str, bound: int) -> str:
    """Return *text*, or as many whole characters of it as *bound* octets of UTF-8 hold."""
    if len(text) * 4 <= bound:
        return text
    octets = text.encode("utf-8", "surrogatepass")
    return text if len(octets) <= bound else octets[:bound].decode("utf-8", "ignore")
