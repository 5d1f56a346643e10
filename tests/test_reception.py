"""The story: from MAIL to the file in the Maildir, on a real disk, with the real dialogue before it."""

import errno
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gomail.address import NULL_PATH, Address
from gomail.address import Path as ForwardPath
from gomail.delivery.committer import Committer
from gomail.delivery.places import SUSPENDED, Places
from gomail.delivery.room import FRESH, Room
from gomail.envelope import NO_PARAMETERS, Client, Envelope
from gomail.events import ContentDropped, Event, MessageStored, Refusal, Trouble
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.reception import Office, Reception, Receptions
from gomail.recipients.domain import Domain
from gomail.recipients.register import build
from gomail.smtp.factory import SMTPFactory
from tests.delivery.bench import Bench, left_over, maildirs, messages, open_files

MAILBOXES = ("alice", "bob", "carol")
DOMAIN = Domain(
    MAILBOXES,
    aliases={"info": ("alice",), "sales": ("alice",), "team": ("alice", "bob")}
    | {f"alias{number}": ("alice",) for number in range(30)},
)
SMALL = Limits(content_in_memory=1000, unwritten=3000, header_size=10**6, header_fields=10**6)


@dataclass
class House:
    """A server in memory that delivers to real Maildirs below *root*."""

    root: Path
    limits: Limits = DEFAULT_LIMITS
    refuse_bare_newlines: bool = False
    bench: Bench = field(default_factory=Bench)
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Furnish the office."""
        committer, clock = self.bench.committer, self.bench.clock
        self.office = Office(
            hostname="mx.here.example",
            directory=build({"here.example": DOMAIN}, f"{self.root}/{{mailbox}}"),
            limits=self.limits,
            committer=committer,
            places=Places(committer, clock, str(self.root)),
            room=Room(committer, clock, str(self.root), self.limits.disk_reserve),
            root=str(self.root),
            clock=clock,
            listeners=(self.events.append,),
        )
        deliveries = Receptions(self.office, refuse_bare_newlines=self.refuse_bare_newlines)
        self.factory = SMTPFactory(
            deliveries,
            "mx.here.example",
            clock,
            limits=self.limits,
            listeners=(self.events.append,),
        )

    def connect(self) -> "Connection":
        """Let a client in that has said EHLO."""
        connection = Connection(self)
        connection.say(b"EHLO client.example")
        return connection

    def messages(self, mailbox: str) -> list[bytes]:
        """Give the messages that a mailbox got."""
        return messages(self.root / mailbox) if (self.root / mailbox).exists() else []

    def told(self, kind: type) -> list[Any]:
        """Give the events of one kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def rest(self) -> None:
        """Wait until the disk has nothing more to do."""
        self.bench.wait(self.bench.committer.run(int))


class Connection:
    """A client's connection, which waits with its octets while the server does not read."""

    def __init__(self, house: House) -> None:
        """Connect, and hear the banner."""
        address = IPv4Address("TCP", "192.0.2.1", 4025)
        self._house = house
        self._seen = 0
        self.protocol: Any = house.factory.buildProtocol(address)
        self.transport = StringTransport(peerAddress=address)
        self.protocol.makeConnection(self.transport)
        self._hear()

    def send(self, octets: bytes) -> None:
        """Send octets as one packet."""
        self._until(lambda: not self.protocol.paused)
        self.protocol.dataReceived(octets)

    def say(self, line: bytes) -> bytes:
        """Say a line, and hear the reply."""
        self.send(line + b"\r\n")
        return self._hear()

    def mail(self, *recipients: str) -> list[int]:
        """Say MAIL, and RCPT for each local-part; give the codes of the replies to RCPT."""
        assert self.say(b"MAIL FROM:<a@client.example>") == b"250 2.1.0 Sender OK\r\n"
        lines = [f"RCPT TO:<{each}@here.example>".encode() for each in recipients]
        return [int(self.say(line)[:3]) for line in lines]

    def message(self, *packets: bytes) -> bytes:
        """Say DATA, send packets and the final dot, and hear the verdict."""
        assert self.say(b"DATA").startswith(b"354 ")
        for packet in packets:
            self.send(packet)
        return self.say(b".")

    def leave(self) -> None:
        """Drop the connection."""
        self.protocol.connectionLost(Failure(ConnectionLost()))

    def _hear(self) -> bytes:
        """Wait for a whole reply, and give it."""
        self._until(lambda: re.search(rb"^\d{3} .*\r\n\Z", self._new(), re.MULTILINE))
        reply = self._new()
        self._seen += len(reply)
        return reply

    def _new(self) -> bytes:
        """Give what was said since the last reply."""
        return bytes(self.transport.value()[self._seen :])

    def _until(self, ready: Callable[[], object]) -> None:
        """Let the server work until something is so."""
        self._house.bench.clock.advance(0)
        while not ready():
            self._house.bench.backdoor.pump()
            self._house.bench.clock.advance(0)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A server with the mailboxes alice, bob and carol, and no file left open in the end."""
    house = House(tmp_path)
    house.rest()
    files = open_files()
    yield house
    house.rest()
    assert house.office.memory.used == 0
    assert open_files() == files
    house.bench.close()


def name_of(reply: bytes) -> str:
    """Give the name that the reply tells."""
    stored = re.fullmatch(rb"250 2\.0\.0 stored as (\S+)\r\n", reply)
    assert stored, reply
    return stored[1].decode()


def trace(delivered_to: str, only: str | None) -> bytes:
    """Give a pattern for the trace fields of one copy."""
    return (
        rb"Return-Path: <a@client\.example>\n"
        + re.escape(delivered_to).encode()
        + rb"Received: from client\.example \(\[192\.0\.2\.1\]\)\n"
        + rb"\tby mx\.here\.example \(gomail\) with ESMTP id [0-9a-f]{10}\.\d+"
        + (rb"\n\tfor <" + re.escape(only).encode() + rb">" if only else rb"")
        + rb";\n\t\w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d \+0000\n"
    )


TEXT = b"Subject: hello\r\n\r\nbody\r\n"
STORED = TEXT.replace(b"\r\n", b"\n")


# -- what is stored --------------------------------------------------------------------------------


def test_message_is_stored_as_the_reply_says(house: House) -> None:
    """The file that the 250 names is there: trace fields, then the content, octet by octet."""
    client = house.connect()
    assert client.mail("alice") == [250]
    name = name_of(client.message(TEXT))
    stored = (house.root / "alice/new" / name).read_bytes()
    head = trace("Delivered-To: alice@here.example\n", "alice@here.example")
    assert re.fullmatch(head + re.escape(STORED), stored)
    assert name.endswith(f".mx.here.example,S={len(stored)}")
    (event,) = house.told(MessageStored)
    assert [(copy.mailbox, copy.path) for copy in event.copies] == [
        ("alice@here.example", f"{house.root}/alice/new/{name}")
    ]
    assert (event.size, event.bare_newlines) == (len(STORED), 0)


CONTENT = st.lists(
    st.sampled_from([b"\r\n", b"\r", b"\n", b".", b"..", b"\0", b"\xff", b"A: b\r\n", b"x" * 600])
    | st.binary(max_size=30)
).map(b"".join)


@pytest.fixture(scope="module")
def small_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server that keeps little in memory, for many messages."""
    house = House(tmp_path_factory.mktemp("house"), SMALL)
    yield house
    assert house.office.memory.used == 0
    house.bench.close()


@settings(deadline=None)
@given(content=CONTENT, cuts=st.lists(st.integers(1, 700), min_size=1), seed=st.integers(0, 9))
def test_f8_octets_are_the_senders(
    small_house: House, content: bytes, cuts: Sequence[int], seed: int
) -> None:
    """Any octets, however the network cut them, arrive in the file with LF for CRLF and no other change."""
    content = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    wire = re.sub(rb"(\A|\r\n)\.", rb"\1..", content) + b".\r\n"
    client = small_house.connect()
    assert client.mail("alice") == [250]
    assert client.say(b"DATA").startswith(b"354 ")
    start = 0
    for number in range(len(wire)):
        length = cuts[(number + seed) % len(cuts)]
        if start < len(wire):
            client.send(wire[start : start + length])
        start += length
    name = name_of(client._hear())
    path = small_house.root / "alice/new" / name
    head = trace("Delivered-To: alice@here.example\n", "alice@here.example")
    stored = path.read_bytes()
    path.unlink()
    assert re.fullmatch(head + re.escape(content.replace(b"\r\n", b"\n")), stored)
    client.leave()


def test_big_message_is_stored_whole(house: House) -> None:
    """A message of megabytes goes by way of the spool file, to each mailbox."""
    big = b"A: b\r\n\r\n" + b"0123456789abcde\r\n" * 200_000
    client = house.connect()
    assert client.mail("alice", "bob") == [250, 250]
    name_of(client.message(*(big[i : i + 65536] for i in range(0, len(big), 65536))))
    for mailbox in ("alice", "bob"):
        (stored,) = house.messages(mailbox)
        assert stored.endswith(b"+0000\n" + big.replace(b"\r\n", b"\n"))
        assert left_over(house.root / mailbox) == []


def test_big_message_needs_no_other_folder_than_its_maildir(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where /home belongs to root, spool files lie in the tmp/ of the Maildir that may be written."""
    near: list[str] = []
    real = os.open

    def opened(path: str, flags: int, *arguments: int, **where: int) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            near.append(path)
        return real(path, flags, *arguments, **where)

    monkeypatch.setattr(os, "open", opened)
    client = house.connect()
    client.mail("bob", "alice")
    name_of(client.message(b"\r\n", b"x" * 300_000 + b"\r\n"))
    assert near == [f"{house.root}/bob/tmp"]


def test_second_message_of_a_session_goes_to_its_own_recipients(house: House) -> None:
    """Nothing of one transaction is left over in the next."""
    client = house.connect()
    client.mail("alice")
    client.say(b"RSET")
    client.mail("bob")
    name_of(client.message(TEXT))
    client.mail("carol")
    name_of(client.message(TEXT))
    assert [len(house.messages(mailbox)) for mailbox in MAILBOXES] == [0, 1, 1]


# -- for whom --------------------------------------------------------------------------------------


def test_address_given_twice_gets_one_copy(house: House) -> None:
    """A sender that repeats itself fills no mailbox."""
    client = house.connect()
    assert client.mail("alice", "alice", "ALICE") == [250, 250, 250]
    name_of(client.message(TEXT))
    (stored,) = house.messages("alice")
    head = trace("Delivered-To: alice@here.example\n", None)
    assert re.fullmatch(head + re.escape(STORED), stored)


def test_two_aliases_of_one_mailbox_get_one_copy(house: House) -> None:
    """The copy tells by which of its addresses it came."""
    client = house.connect()
    assert client.mail("info", "alice", "sales") == [250, 250, 250]
    name_of(client.message(TEXT))
    (stored,) = house.messages("alice")
    head = trace(
        "X-Original-To: info@here.example\n"
        "Delivered-To: alice@here.example\n"
        "Delivered-To: alice@here.example\n"
        "X-Original-To: sales@here.example\n"
        "Delivered-To: alice@here.example\n",
        None,
    )
    assert re.fullmatch(head + re.escape(STORED), stored)


def test_thirty_aliases_of_one_mailbox_are_told_twenty_times(house: House) -> None:
    """A message to all aliases of a mailbox has no endless header."""
    client = house.connect()
    client.mail(*(f"alias{number}" for number in range(30)))
    name_of(client.message(TEXT))
    (stored,) = house.messages("alice")
    assert stored.count(b"Delivered-To: ") == 20


def test_alias_of_several_mailboxes_gives_each_a_copy(house: House) -> None:
    """Each copy names its own mailbox, and the reply the first one's file."""
    client = house.connect()
    assert client.mail("team", "bob", "carol") == [250, 250, 250]
    name = name_of(client.message(TEXT))
    assert (house.root / "alice/new" / name).exists()
    for mailbox, addresses in (
        ("alice", "X-Original-To: team@here.example\nDelivered-To: alice@here.example\n"),
        (
            "bob",
            "X-Original-To: team@here.example\nDelivered-To: bob@here.example\n"
            "Delivered-To: bob@here.example\n",
        ),
        ("carol", "Delivered-To: carol@here.example\n"),
    ):
        (stored,) = house.messages(mailbox)
        assert re.fullmatch(trace(addresses, None) + re.escape(STORED), stored)
    (event,) = house.told(MessageStored)
    assert [copy.mailbox for copy in event.copies] == [f"{each}@here.example" for each in MAILBOXES]


def test_sub_address_finds_its_folder(house: House) -> None:
    """alice+lists goes to the folder lists if there is one, else to the inbox."""
    maildirs(house.root, "alice", "alice/.lists")
    client = house.connect()
    assert client.mail("alice+lists", "alice+other", "alice+../bob") == [250, 250, 250]
    name_of(client.message(TEXT))
    (listed,) = messages(house.root / "alice/.lists")
    assert b"\nDelivered-To: alice+lists@here.example\n" in listed
    (stored,) = house.messages("alice")
    assert stored.count(b"Delivered-To: ") == 2
    assert house.messages("bob") == []


def test_strangers_are_refused_at_rcpt(house: House) -> None:
    """Nobody's mail is taken: neither for unknown mailboxes nor for other domains."""
    client = house.connect()
    assert client.mail("nobody") == [550]
    assert client.say(b"RCPT TO:<alice@elsewhere.example>").startswith(b"550 5.7.1 ")
    assert client.say(b"DATA").startswith(b"554 ")


def test_recipient_has_an_address(house: House) -> None:
    """The null path is nobody's, whoever asks."""
    with pytest.raises(ValueError, match="an address"):
        Reception(house.office).validateTo(NULL_PATH)


# -- one broken mailbox ----------------------------------------------------------------------------


def replaced_by_file(maildir: Path) -> None:
    """Put a file where ``new/`` was."""
    (maildir / "new").rmdir()
    (maildir / "new").touch()


def replaced_by_link(maildir: Path) -> None:
    """Put a symbolic link where ``new/`` was."""
    (maildir / "new").rmdir()
    (maildir / "new").symlink_to("/tmp")


def folder_missing(maildir: Path) -> None:
    """Take ``tmp/`` away."""
    (maildir / "tmp").rmdir()


def maildir_missing(maildir: Path) -> None:
    """Take the Maildir away."""
    shutil.rmtree(maildir)


@pytest.mark.parametrize(
    "broken", [replaced_by_file, replaced_by_link, folder_missing, maildir_missing]
)
def test_r8_one_broken_mailbox_holds_up_nobody_else(
    house: House, broken: Callable[[Path], None]
) -> None:
    """It fails once for all; at the retry it alone is refused, and the others get their mail."""
    client = house.connect()
    assert client.mail(*MAILBOXES) == [250, 250, 250]
    broken(house.root / "bob")
    assert client.message(TEXT).startswith(b"451 4.2.0 Mailbox not available now")
    assert [house.messages(mailbox) for mailbox in ("alice", "carol")] == [[], []]
    (trouble,) = house.told(Trouble)
    assert f"{house.root}/bob: " in trouble.what

    house.bench.clock.advance(SUSPENDED / 2)
    assert client.mail(*MAILBOXES) == [250, 451, 250]
    name_of(client.message(TEXT))
    assert [len(house.messages(mailbox)) for mailbox in ("alice", "carol")] == [1, 1]

    shutil.rmtree(house.root / "bob", ignore_errors=True)
    house.bench.clock.advance(SUSPENDED / 2 + 1)
    assert client.mail("bob") == [250]
    name_of(client.message(TEXT))
    assert len(house.messages("bob")) == 1


def test_r8_alias_with_a_broken_mailbox_is_deferred(house: House) -> None:
    """An alias of several stands for all of them, or waits."""
    maildirs(house.root, "bob")
    replaced_by_file(house.root / "bob")
    client = house.connect()
    assert client.mail("team", "alice") == [451, 250]
    client.say(b"RSET")
    assert client.mail("carol", "team") == [250, 451]


@pytest.mark.needs_root
def test_r8_rights_are_those_of_the_server(tmp_path: Path) -> None:
    """A Maildir that the server may not write to is refused at RCPT, the others are not."""
    for mailbox in ("alice", "bob"):
        maildirs(tmp_path, mailbox)
        for folder in ("", "tmp", "new", "cur"):
            os.chown(tmp_path / mailbox / folder, 65534, 65534)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    (tmp_path / "bob/new").chmod(0o500)
    house = House(tmp_path)
    os.seteuid(65534)
    try:
        client = house.connect()
        assert client.mail("alice", "bob", "carol") == [250, 451, 451]
        name_of(client.message(TEXT))
    finally:
        os.seteuid(0)
    assert len(house.messages("alice")) == 1
    reasons = [event.reason for event in house.told(Refusal)]
    assert reasons == [
        f"{tmp_path}/bob: may not be written to",
        f"{tmp_path}/carol: Permission denied",
    ]
    house.bench.close()


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "number", "reply"),
    [
        ("fsync", errno.EIO, b"451 4.2.0 "),
        ("fsync", errno.ENOSPC, b"452 4.3.1 "),
        ("link", errno.EDQUOT, b"452 4.2.2 "),
        ("link", errno.EROFS, b"451 4.2.0 "),
        ("write", errno.ENOSPC, b"452 4.3.1 "),
        ("write", errno.ENOMEM, b"451 4.3.0 "),
    ],
)
def test_r4_fault_of_the_disk_is_temporary(
    house: House, monkeypatch: pytest.MonkeyPatch, call: str, number: int, reply: bytes
) -> None:
    """Whatever the disk says, the sender keeps the mail, and is told no path and no error of ours."""
    client = house.connect()
    client.mail("alice")
    with monkeypatch.context() as patch:

        def failing(*_: object, **__: object) -> None:
            raise OSError(number, os.strerror(number))

        patch.setattr(os, call, failing)
        verdict = client.message(TEXT)
        house.rest()
    assert verdict.startswith(reply)
    assert b"/" not in verdict
    assert house.messages("alice") == left_over(house.root / "alice") == []
    house.bench.clock.advance(SUSPENDED + 1)
    client.mail("alice")
    name_of(client.message(TEXT))


def test_r9_verdict_has_a_deadline(house: House) -> None:
    """A disk that hangs costs a 451 in time, and the message does not appear afterwards."""
    client = house.connect()
    client.mail("alice")
    client.say(b"DATA")
    client.send(b"\r\n" + b"x" * 300_000 + b"\r\n")
    with house.bench.busy():
        client.send(b".\r\n")
        house.bench.clock.advance(300)
        assert client._hear().startswith(b"451 ")
    house.rest()
    assert house.messages("alice") == left_over(house.root / "alice") == []


def test_r15_client_that_leaves_behind_the_dot_has_its_mail_stored(house: House) -> None:
    """Past the final dot the message is ours, whether or not the 250 is read."""
    client = house.connect()
    client.mail("alice")
    client.say(b"DATA")
    with house.bench.busy():
        client.send(TEXT + b".\r\n")
        client.leave()
    house.rest()
    assert len(house.messages("alice")) == 1
    assert len(house.told(MessageStored)) == 1
    assert house.told(ContentDropped) == []


@pytest.mark.parametrize("size", [10, 10_000_000])
def test_f9_content_without_an_end_leaves_nothing(house: House, size: int) -> None:
    """A client that leaves in the middle leaves no file, no memory and no open file behind."""
    client = house.connect()
    client.mail("alice", "bob")
    client.say(b"DATA")
    client.send(b"\r\n")
    for _ in range(max(1, size // 65536)):
        client.send(b"x" * min(size, 65536))
    client.leave()
    house.rest()
    for mailbox in ("alice", "bob"):
        assert house.messages(mailbox) == left_over(house.root / mailbox) == []
    (event,) = house.told(ContentDropped)
    assert event.reason == "the end never came"


def test_e7_header_bomb_is_refused_at_the_true_end(house: House) -> None:
    """The verdict falls early, the reply comes late, and the session goes on."""
    client = house.connect()
    client.mail("alice")
    verdict = client.message(*([b"X: " + b"x" * 65533] * 20), b"\r\n")
    assert verdict.startswith(b"554 5.6.0 Header block too big")
    client.mail("alice")
    assert client.message(b"Received: x\r\n" * 101).startswith(b"554 5.4.6 ")
    client.mail("alice")
    name_of(client.message(TEXT))
    assert len(house.messages("alice")) == 1


# -- bare newlines ---------------------------------------------------------------------------------

SMUGGLED = b"A: b\r\n\r\nx\n.\nMAIL FROM:<evil@x>\nRCPT TO:<bob@here.example>\nDATA\n\r.\r\n"


def test_f1_bare_newlines_are_stored_and_counted(house: House) -> None:
    """A bare LF ends no message; it is stored as the line end that it is for every reader."""
    client = house.connect()
    client.mail("alice")
    name_of(client.message(SMUGGLED))
    (stored,) = house.messages("alice")
    assert stored.endswith(b"+0000\n" + SMUGGLED.replace(b"\r\n", b"\n"))
    assert house.told(MessageStored)[0].bare_newlines == 5
    assert house.messages("bob") == []


def test_f1_bare_newlines_are_refused_where_that_is_wanted(tmp_path: Path) -> None:
    """The refusal comes after the true end, so nothing in the content is ever a command."""
    house = House(tmp_path, refuse_bare_newlines=True)
    client = house.connect()
    client.mail("alice")
    assert client.message(SMUGGLED).startswith(b"550 5.6.0 Line ends must be CRLF")
    client.mail("alice")
    name_of(client.message(TEXT))
    house.rest()
    assert len(house.messages("alice")) == 1
    assert house.messages("bob") == []
    assert house.office.memory.used == 0
    house.bench.close()


# -- the disk full ---------------------------------------------------------------------------------


def test_e12_mail_is_deferred_before_the_disk_is_full(tmp_path: Path) -> None:
    """The reserve is left alone, and the declared size is counted in."""
    free = os.statvfs(tmp_path)
    reserve = free.f_bavail * free.f_frsize - 512 * 1024 * 1024
    house = House(tmp_path, Limits(size=1 << 40, disk_reserve=reserve))
    client = house.connect()
    assert client.say(b"MAIL FROM:<a@x.example> SIZE=9999999999").startswith(b"452 4.3.1 ")
    assert client.say(b"MAIL FROM:<a@x.example> SIZE=1000").startswith(b"250 ")
    house.bench.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one megabyte and 40 files."""
    disk = tmp_path / "disk"
    disk.mkdir()
    options = ["-o", "size=1m,nr_inodes=40", "tmpfs", str(disk)]
    mounted = subprocess.run(["mount", "-t", "tmpfs", *options], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("nothing can be mounted here")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def leave_free(disk: Path, size: int) -> Path:
    """Fill a disk but for *size* octets; give the file that fills it."""
    filler = disk / "filler"
    free = os.statvfs(disk)
    filler.write_bytes(bytes(free.f_bavail * free.f_frsize - size))
    return filler


@pytest.mark.needs_root
@pytest.mark.parametrize("size", [30_000, 400_000])
def test_r6_full_disk_defers_and_goes_on_when_there_is_room(small_disk: Path, size: int) -> None:
    """452 while it is full, no half message ever, and 250 again once somebody has made room."""
    house = House(small_disk, Limits(disk_reserve=0))
    maildirs(small_disk, "alice")
    filler = leave_free(small_disk, 20_480)
    client = house.connect()
    packets = [b"A: b\r\n\r\n", *([b"x" * 9_998 + b"\r\n"] * (size // 10_000))]
    for _ in range(3):
        assert client.mail("alice") == [250]
        assert client.message(*packets).startswith(b"452 4.3.1 Not enough storage")
    house.rest()
    assert house.messages("alice") == left_over(small_disk / "alice") == []
    filler.unlink()
    assert client.mail("alice") == [250]
    name_of(client.message(*packets))
    (stored,) = house.messages("alice")
    assert stored.endswith(b"".join(packets).replace(b"\r\n", b"\n"))
    client.leave()
    house.bench.close()


@pytest.mark.needs_root
def test_r7_disk_without_inodes_defers_and_goes_on(small_disk: Path) -> None:
    """Where no file can be made there is no room, however much is free."""
    house = House(small_disk, Limits(disk_reserve=1))
    client = house.connect()
    assert client.say(b"MAIL FROM:<a@x.example>").startswith(b"452 4.3.1 ")
    subprocess.run(["mount", "-o", "remount,nr_inodes=4000", str(small_disk)], check=True)
    house.bench.clock.advance(FRESH + 0.01)
    assert client.mail("alice") == [250]
    name_of(client.message(TEXT))
    client.leave()
    house.bench.close()


# -- with the reactor ------------------------------------------------------------------------------


@pytest_twisted.ensureDeferred
async def test_reception_works_with_a_real_reactor(tmp_path: Path) -> None:
    """Without any dialogue before it: what a Twisted developer would write."""
    from twisted.internet import reactor

    committer = Committer(reactor)  # type: ignore[arg-type]
    house = House(tmp_path)
    house.office.committer = committer
    house.office.places = Places(committer, house.bench.clock, str(tmp_path))
    house.office.room = Room(committer, house.bench.clock, str(tmp_path), 0)
    client = Client("c0ffee", "192.0.2.1", 4025, "client.example", esmtp=True)
    alice = ForwardPath(Address("alice", "here.example"))
    sender = ForwardPath(Address("a", "client.example"))
    delivery = Receptions(house.office).deliveryFor(client)
    delivery.greeted(client)
    await _later(delivery.validateFrom(client, sender, NO_PARAMETERS))
    await _later(delivery.validateTo(alice))
    envelope = Envelope("c0ffee.1", client, sender, NO_PARAMETERS, (alice,))
    message = delivery.messageStarted(envelope)
    assert message.octetsReceived(TEXT) is None
    reply = await Deferred.fromCoroutine(message.eomReceived())
    delivery.transactionEnded()
    assert (tmp_path / "alice/new" / name_of(reply.octets)).read_bytes().endswith(STORED)
    await committer.stop()


async def _later(answer: Any) -> None:  # noqa: ANN401 - whatever the delivery answers
    """Await an answer that comes later."""
    await answer
