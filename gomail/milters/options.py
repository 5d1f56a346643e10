"""
The negotiation: which commands a milter wants to hear, which it answers, and what it may change.

Numbers are those of libmilter's ``mfapi.h`` and ``mfdef.h``.
"""

import struct
from enum import Enum, IntFlag
from typing import NamedTuple

from gomail.milters.packets import Nonsense, packet

VERSION = 6
_LONGEST_ANSWER = 65_535  # octets of an answer to the offer; lists of macros have some hundred


class Action(IntFlag):
    """What a milter may do with a message (SMFIF)."""

    ADD_FIELDS = 1 << 0
    REPLACE_BODY = 1 << 1
    ADD_RECIPIENT = 1 << 2
    DELETE_RECIPIENT = 1 << 3
    CHANGE_FIELDS = 1 << 4
    QUARANTINE = 1 << 5
    CHANGE_SENDER = 1 << 6
    ADD_RECIPIENT_WITH_PARAMETERS = 1 << 7
    NAME_MACROS = 1 << 8


class Step(IntFlag):
    """Commands that a milter doesn't want (NO) or doesn't answer (NR), and other habits (SMFIP)."""

    NO_CONNECT = 1 << 0
    NO_HELO = 1 << 1
    NO_MAIL = 1 << 2
    NO_RCPT = 1 << 3
    NO_BODY = 1 << 4
    NO_HEADER = 1 << 5
    NO_EOH = 1 << 6
    NR_HEADER = 1 << 7
    NO_UNKNOWN = 1 << 8
    NO_DATA = 1 << 9
    SKIP = 1 << 10
    NR_CONNECT = 1 << 12
    NR_HELO = 1 << 13
    NR_MAIL = 1 << 14
    NR_RCPT = 1 << 15
    NR_DATA = 1 << 16
    NR_UNKNOWN = 1 << 17
    NR_EOH = 1 << 18
    NR_BODY = 1 << 19
    LEADING_SPACE = 1 << 20


OFFERED_ACTIONS = Action.ADD_FIELDS | Action.CHANGE_FIELDS | Action.QUARANTINE | Action.NAME_MACROS
OFFERED_STEPS = Step((1 << 21) - 1) & ~Step(1 << 11)  # all but to hear refused recipients


class Stage(Enum):
    """
    A command to a milter.

    Attributes:
        command: its octet on the wire (SMFIC).
        unwanted: the step by which a milter leaves it out.
        unanswered: the step by which it does not answer.
        since: the version of the protocol that first had it.
        macros: the number of its list of macros (SMFIM); None where it has none.
    """

    CONNECT = b"C", Step.NO_CONNECT, Step.NR_CONNECT, 1, 0
    HELO = b"H", Step.NO_HELO, Step.NR_HELO, 1, 1
    MAIL = b"M", Step.NO_MAIL, Step.NR_MAIL, 1, 2
    RCPT = b"R", Step.NO_RCPT, Step.NR_RCPT, 1, 3
    DATA = b"T", Step.NO_DATA, Step.NR_DATA, 4, 4
    HEADER = b"L", Step.NO_HEADER, Step.NR_HEADER, 1, None
    END_OF_HEADER = b"N", Step.NO_EOH, Step.NR_EOH, 1, 6
    BODY = b"B", Step.NO_BODY, Step.NR_BODY, 1, None
    END = b"E", Step(0), Step(0), 1, 5

    def __init__(
        self, command: bytes, unwanted: Step, unanswered: Step, since: int, macros: int | None
    ) -> None:
        self.command = command
        self.unwanted = unwanted
        self.unanswered = unanswered
        self.since = since
        self.macros = macros


NEGOTIATE = b"O"
MACROS = b"D"
ABORT = b"A"
QUIT = b"Q"

_OPTIONS = struct.Struct("!III")
_STAGE = struct.Struct("!I")
_STAGES = {stage.macros: stage for stage in Stage if stage.macros is not None}


class Options(NamedTuple):
    """
    What was agreed upon.

    Attributes:
        version: of the protocol.
        actions: that the milter says it may take.
        steps: that it asks for.
        macros: by their stage, the macros that it wants instead of the usual ones.
    """

    version: int = VERSION
    actions: Action = OFFERED_ACTIONS
    steps: Step = Step(0)
    macros: dict[Stage, tuple[str, ...]] = {}  # noqa: RUF012 -- a named tuple's default

    def sends(self, stage: Stage) -> bool:
        """Tell whether the milter wants to hear of a stage."""
        return self.version >= stage.since and not self.steps & stage.unwanted

    def answers(self, stage: Stage) -> bool:
        """Tell whether the milter answers there."""
        return not self.steps & stage.unanswered

    @property
    def may_change(self) -> bool:
        """Whether the header may be another one after this milter."""
        return bool(self.actions & (Action.ADD_FIELDS | Action.CHANGE_FIELDS))


def offer() -> bytes:
    """Write the packet that begins a connection: what gomail speaks and allows."""
    return packet(NEGOTIATE, _OPTIONS.pack(VERSION, OFFERED_ACTIONS, OFFERED_STEPS))


def read_options(command: bytes, data: bytes) -> Options:
    """
    Read the answer to the offer.

    Actions that were not offered are no fault: rspamd claims all that there are. What a milter
    asks for beyond the offer is passed over, where it does ask.

    Raises:
        Nonsense: it is no such answer.
    """
    if command != NEGOTIATE or len(data) < _OPTIONS.size:
        raise Nonsense("its answer to the offer is none")
    if len(data) > _LONGEST_ANSWER:
        raise Nonsense(f"its answer to the offer has {len(data)} octets")
    version, actions, steps = _OPTIONS.unpack_from(data)
    if not 2 <= version <= VERSION:
        raise Nonsense(f"it speaks version {version} of the protocol")
    macros = _read_macros(data[_OPTIONS.size :])
    return Options(version, Action(actions), Step(steps), macros)


def _read_macros(data: bytes) -> dict[Stage, tuple[str, ...]]:
    """Read which macros a milter wants (smfi_setsymlist); unknown stages are left out."""
    macros: dict[Stage, tuple[str, ...]] = {}
    while data:
        text, nul, rest = data[_STAGE.size :].partition(b"\0")
        if not nul:
            raise Nonsense("half a list of macros")
        (number,) = _STAGE.unpack_from(data)
        data = rest
        stage = _STAGES.get(number)
        if stage is not None:
            names = text.decode("ascii", "replace").replace(",", " ").split()
            macros[stage] = tuple(dict.fromkeys(name.strip("{}") for name in names))
    return macros
