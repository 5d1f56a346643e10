r"""
Transcripts: dialogues as text, played against a session in memory.

A file holds scenes, parted by blank lines. The comment on top of a scene names it. Then, by line:

* ``S: 250 2.1.0 *`` the server says this; ``*`` is the rest of the line, ``S: 250-*`` a whole
  multi-line reply. Replies that nobody expects fail the scene.
* ``C: MAIL FROM:<>`` the client says this line. ``\x0a`` is an octet, ``{x*3000}`` 3,000 of them.
  Lines with no ``S:`` between them are sent together.
* ``R: text`` the client sends this and no CRLF behind it: octets of a chunk.
* ``M: Subject: hi`` a line of the message that was stored last.
* ``@pipelined`` the client may also wait for those replies alone that it must wait for (RFC 2920).
* ``@limits errors=3`` the server's limits; ``@trusted`` the client is in a trusted network;
  ``@local`` the listener is for this machine's own programs.
* ``@starttls`` the server offers TLS, ``@tls-required`` it requires it. ``@tls`` the client shakes
  hands, and all that follows is encrypted.
* ``@refuse rcpt <bob@here.example> 550 1.1 No such mailbox`` the delivery refuses (`Desk.plans`).
* ``@wait 300`` time passes. ``@close`` the server has closed. ``@leave`` the client drops the line.
* ``@stored 1`` so many messages have been stored. ``@envelope <a@b.example> <c@here.example>`` the
  reverse-path and the forward-paths of the last one. ``@tally ehlo=1 quit=1`` what the log says in
  the end.

Without ``@close`` the server must not have closed when the scene is over.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from twisted.internet.task import Clock

from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reply import Reply
from tests.smtp.desk import Desk, refuse
from tests.smtp.talk import CLIENT, Talk, octets_of, packets_of
from tests.thorough import often

MOST_CUTS = often(100, 400)  # of one scene
SETTINGS = {  # true of the whole scene
    "@limits",
    "@trusted",
    "@local",
    "@refuse",
    "@pipelined",
    "@starttls",
    "@tls-required",
    "@tally",
}


@dataclass(frozen=True)
class Scene:
    """One dialogue: its name, and its lines as (kind, text)."""

    name: str
    lines: tuple[tuple[str, str], ...]

    @property
    def directives(self) -> dict[str, str]:
        """What is set before the curtain rises, by its name."""
        return {kind: text for kind, text in self.lines if kind.startswith("@")}

    @property
    def first_reply(self) -> str:
        """What the server says first."""
        return next(text for kind, text in self.lines if kind == "S:")

    @property
    def blocks(self) -> list[bytes]:
        """What the client sends, as far as it waits for nothing in between."""
        blocks, block = [], b""
        for kind, text in self.lines:
            if kind in {"C:", "R:"}:
                block += octets(text, kind)
            elif block:
                blocks.append(block)
                block = b""
        return [*blocks, block] if block else blocks


def read_scenes(path: Path) -> list[Scene]:
    """Read the scenes of a file."""
    return [_scene(part) for part in re.split(r"\n\s*\n", path.read_text().strip("\n"))]


def _scene(text: str) -> Scene:
    lines = text.split("\n")
    comments = [line[1:].strip() for line in lines if line.startswith("#")]
    assert comments, f"a scene needs a name: {text}"
    rest = [line.partition(" ") for line in lines if not line.startswith("#")]
    return Scene(" ".join(comments), tuple((kind, text) for kind, _, text in rest))


def octets(text: str, kind: str = "C:") -> bytes:
    """Write what the client sends as octets: a line, or raw ones."""
    line = re.sub(r"\{(.+?)\*(\d+)\}", lambda match: match[1] * int(match[2]), text).encode()
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes([int(match[1], 16)]), line) + (
        b"" if kind == "R:" else b"\r\n"
    )


class Play:
    """One performance of a scene: how the client cuts its octets, how the delivery answers."""

    def __init__(self, scene: Scene, manner: str = "now", *, encrypted: bool = False) -> None:
        self.scene = scene
        self._encrypted = encrypted
        self._unheard = b""
        directives = scene.directives
        given = dict(pair.split("=") for pair in directives.get("@limits", "").split())
        limits = replace(DEFAULT_LIMITS, **{name: int(value) for name, value in given.items()})
        self.talk = self._talk(manner, limits, trusted="@trusted" in directives)

    def _talk(self, manner: str, limits: Limits, *, trusted: bool) -> Talk:
        directives = self.scene.directives
        desk = Desk(Clock(), manner)
        for kind, text in self.scene.lines:
            if kind == "@refuse":
                found = re.fullmatch(r"(\w+(?: <.*?>)?) (\d+) (\S+) (.*)", text)
                assert found, text
                name, code, detail, words = found.groups()
                desk.plans[name] = refuse(Reply(int(code), detail, words))
        return Talk(
            desk,
            limits=limits,
            client=replace(CLIENT, trusted=trusted),
            local="@local" in directives,
            starttls=self._encrypted or "@starttls" in directives,
            tls_required="@tls-required" in directives,
        )

    def perform(self, packets: Iterator[list[bytes]]) -> bytes:
        """Play the scene; *packets* gives those of each block. Gives all that the server said."""
        talk, heard, spoken = self.talk, b"", False
        expected: list[str] = []
        if self._encrypted:
            self._shake_hands()
        for kind, text in [*self.scene.lines, ("@curtain", "")]:
            if kind in {"C:", "R:"}:
                if not spoken:
                    spoken = True
                    heard += self._match(expected)
                    talk.send(*next(packets))
            elif kind == "S:":
                spoken = False
                expected.append(text)
            elif kind not in SETTINGS:
                spoken = False
                heard += self._match(expected)
                self._direct(kind, text)
        return heard

    def _shake_hands(self) -> None:
        """Begin the scene under TLS; the banner, which it expects to hear, came before."""
        self._unheard = self.talk.hear()
        assert self.talk.say("EHLO client.example", "STARTTLS").endswith(b"start TLS\r\n")
        self.talk.encrypt()

    def perform_at_once(self) -> bytes:
        """Play the scene with a client that waits only where it must."""
        for packet in packets_of(b"".join(self.scene.blocks)):
            self.talk.send(packet)
        for kind, text in self.scene.lines:
            if kind == "@wait":
                self.talk.wait(float(text))
        expected = [text for kind, text in self.scene.lines if kind == "S:"]
        return self._match(expected)

    def _match(self, expected: list[str]) -> bytes:
        """Compare what was said with what was *expected*, which is empty afterwards."""
        heard, self._unheard = self._unheard + self.talk.hear(), b""
        said = heard.decode("ascii").split("\r\n")[:-1]
        for number, line_expected in enumerate(expected):
            pattern = line_expected
            here = (
                f"{self.scene.name}: line {number} {pattern!r} of {expected}, but heard {heard!r}"
            )
            assert said, here
            if pattern.endswith("-*"):
                start = pattern[:-1]
                while len(said) > 1 and said[0].startswith(start):
                    said.pop(0)
                pattern = f"{start[:-1]} *"
            line = said.pop(0)
            assert re.fullmatch(re.escape(pattern).replace(r"\*", ".*"), line), here
        assert not said, f"{self.scene.name}: {said} was not expected behind {expected}"
        expected.clear()
        return heard

    def _direct(self, kind: str, text: str) -> None:
        """Do, or see to, what a line without a speaker says."""
        talk = self.talk
        stored = talk.desk.stored
        match kind:
            case "@wait":
                talk.wait(float(text))
            case "@leave":
                talk.leave()
            case "@tls":
                talk.encrypt()
            case "@close":
                assert talk.closed, self.scene.name
            case "@stored":
                assert len(stored) == int(text), self.scene.name
            case "@envelope":
                envelope = stored[-1][0]
                paths = [str(path) for path in (envelope.reverse_path, *envelope.forward_paths)]
                assert " ".join(paths) == text, self.scene.name
            case "M:":
                pass
            case "@curtain":
                self._close()
            case _:
                raise AssertionError(f"{self.scene.name}: {kind} says nothing")

    def _close(self) -> None:
        """See that everything ended as it should."""
        talk, scene = self.talk, self.scene
        lines = [text for kind, text in scene.lines if kind == "M:"]
        if lines:
            expected = b"".join(map(octets, lines))
            assert talk.desk.stored[-1][1] == expected, scene.name
        ends = {"@close", "@leave"} & set(scene.directives)
        assert talk.closed == bool(ends), f"{scene.name}: closed {talk.closed}"
        talk.leave()
        tally = None if self._encrypted else scene.directives.get("@tally")
        assert tally in {None, talk.end.verbs}, f"{scene.name}: {talk.end.verbs}"
        asked = talk.desk.told
        accepted = asked.count("ended")
        assert accepted <= asked.count("mail"), f"{scene.name}: {asked}"
        assert all(message.end for message in talk.desk.messages), scene.name
        assert not talk.clock.getDelayedCalls(), scene.name


def whole(scene: Scene) -> Iterator[list[bytes]]:
    """Each block in a packet of its own."""
    return ([block] for block in scene.blocks)


def octet_by_octet(scene: Scene) -> Iterator[list[bytes]]:
    """Each octet in a packet of its own."""
    return ([bytes([octet]) for octet in block] for block in scene.blocks)


def cut_at(scene: Scene, offset: int) -> Iterator[list[bytes]]:
    """All blocks whole but one: the client's octets are cut once, at *offset*."""
    for block in scene.blocks:
        yield [block[:offset], block[offset:]] if 0 < offset < len(block) else [block]
        offset -= len(block)


def offsets(scene: Scene, most: int = MOST_CUTS) -> range:
    """Where to cut: everywhere, or *most* times in a long scene."""
    length = sum(map(len, scene.blocks))
    return range(1, length, length // most + 1)


__all__ = [
    "Play",
    "Scene",
    "cut_at",
    "octet_by_octet",
    "octets_of",
    "offsets",
    "read_scenes",
    "whole",
]
