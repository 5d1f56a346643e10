"""Programs that read the Maildir, as the user whom it belongs to."""

import mailbox
import pwd
from pathlib import Path

import pytest

from tests.interop.reading import contents, on_disk, send
from tests.interop.samples import number_of
from tests.interop.server import Gomail
from tests.interop.software import needs
from tests.interop.stored import arrived
from tests.interop.terminal import Terminal


@pytest.mark.interop
@pytest.mark.needs_root
@pytest.mark.parametrize("reader", ["mutt", "neomutt"])
@pytest.mark.parametrize("trash", ["no", "yes"])
def test_mutt_reads_flags_and_deletes(
    owner: pwd.struct_passwd, owned: Gomail, folder: Path, reader: str, trash: str
) -> None:
    """The owner lists the messages, opens the first, flags the second, deletes the third."""
    program = needs(reader)
    send(owned, 1, 2, 3, 4)
    before = contents(owned.maildir)
    kept = [*owned.maildir.glob("*"), *owned.maildir.glob("new/*")]  # tmp may still be tidied up
    assert {path.stat().st_uid for path in kept} == {owner.pw_uid}
    (folder / "muttrc").write_text(
        "set sort=subject quit=yes delete=yes move=no sleep_time=0 pager=builtin\n"
        f"set maildir_trash={trash} folder={owned.maildir}\n"
    )
    with Terminal(
        [program, "-n", "-F", f"{folder}/muttrc", "-f", f"{owned.maildir}"],
        owner,
        {"HOME": str(folder), "USER": owner.pw_name},
    ) as terminal:
        terminal.wait_for(*(f"What hath god wrought, part {number}" for number in (1, 2, 3, 4)))
        terminal.type("1\n\n")
        terminal.wait_for("Return-Path: <samuel@", "Grüße aus Köln, 世界")
        terminal.type("q")
        terminal.wait_for("(all)")
        terminal.type("2\nF")
        terminal.type("3\nd")
        terminal.type("$q")
    expected = {1: "cur:S", 2: "cur:F", 4: "cur:"}
    if trash == "yes":
        expected[3] = "new:T"  # since nobody has seen it, says mutt
    assert on_disk(owned.maildir) == expected
    assert contents(owned.maildir) == {number: before[number] for number in expected}
    send(owned, 5)
    assert on_disk(owned.maildir)[5] == "new:"


@pytest.mark.system
def test_python_reads_flags_and_deletes(gomail: Gomail) -> None:
    """A script lists the messages by Python's mailbox, opens one, flags one, deletes one."""
    send(gomail, 1, 2, 3, 4)
    by_number = {number_of(each.content): each for each in arrived(gomail.maildir)}
    box = mailbox.Maildir(gomail.maildir, create=False)
    keys = {number_of(box.get_bytes(key)): key for key in box.keys()}  # noqa: SIM118 -- no dict
    assert sorted(keys) == [1, 2, 3, 4]
    for number, key in keys.items():
        assert box.get_bytes(key) == by_number[number].path.read_bytes()
        assert box[key].get_subdir() == "new"
    assert box[keys[1]]["Subject"] == "What hath god\n\twrought, part 1"
    for number, flag in ((1, "S"), (2, "F")):
        message = box[keys[number]]
        message.set_subdir("cur")
        message.add_flag(flag)
        box[keys[number]] = message
    box.remove(keys[3])
    box.close()
    assert on_disk(gomail.maildir) == {1: "cur:S", 2: "cur:F", 4: "new:"}
