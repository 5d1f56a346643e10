"""Who may do what with a Maildir, by what the disk says of its folders."""

from dataclasses import replace
from pathlib import Path

import pytest

from gomail.doctor.maildirs import Entry, Person, Store, examine_store, look_into

ALICE, BOB, GROUP = 1001, 1002, 500
HOME = Entry("/home/alice", 0o40755, ALICE, ALICE)
MAILDIR = tuple(
    Entry(f"/home/alice/Maildir{name}", 0o40700, ALICE, ALICE)
    for name in ("", "/cur", "/new", "/tmp")
)
HEALTHY = Store("/home/alice/Maildir", Person(ALICE), Person(ALICE), (HOME,), MAILDIR)


def codes(seen: Store) -> list[str]:
    """Give the codes of what is wrong."""
    return [each.code for each in examine_store(seen).findings]


def opened(mode: int, gid: int = ALICE) -> tuple[Entry, ...]:
    """Give the folders with other permissions."""
    return tuple(replace(each, mode=0o40000 | mode, gid=gid) for each in MAILDIR)


def test_owner_may_do_all() -> None:
    """Who runs the server reads."""
    told = examine_store(HEALTHY)
    assert told.findings == ()
    assert len(told.checked) == 2


@pytest.mark.parametrize(
    ("person", "mode", "what", "may"),
    [
        (Person(ALICE), 0o700, 7, True),
        (Person(ALICE), 0o077, 1, False),  # the owner's own permissions hold, and no others
        (Person(BOB), 0o700, 1, False),
        (Person(BOB), 0o701, 1, True),
        (Person(BOB, frozenset({GROUP})), 0o770, 7, True),
        (Person(BOB, frozenset({GROUP})), 0o707, 1, False),
        (Person(0), 0o000, 7, True),
    ],
)
def test_permissions_hold_as_in_the_kernel(
    *, person: Person, mode: int, what: int, may: bool
) -> None:
    """Of owner, group and others the first that fits."""
    assert person.may(Entry("/x", 0o40000 | mode, ALICE, GROUP), what) == may


def test_server_that_may_not_store_is_found() -> None:
    """For a folder of the Maildir, or for one above."""
    foreign = replace(HEALTHY, server=Person(BOB), reader=None)
    [finding] = examine_store(foreign).findings
    assert finding.code == "maildir-unwritable"
    closed = replace(HOME, mode=0o40700)
    above = replace(foreign, above=(closed,), folders=opened(0o777))
    [finding] = examine_store(above).findings
    assert finding.lines == ("sudo chmod o+x /home/alice",)
    assert codes(replace(foreign, folders=opened(0o555))) == ["maildir-unwritable"]


def test_reader_who_gets_no_file_is_found() -> None:
    """Though all folders are open, files are the server's alone."""
    foreign = replace(HEALTHY, server=Person(BOB), folders=opened(0o777))
    [finding] = examine_store(foreign).findings
    assert finding.code == "maildir-unreadable"
    assert "0600" in finding.seen[0]
    member = Person(ALICE, frozenset({GROUP}))
    assert codes(replace(foreign, shared=GROUP, reader=member)) == []
    assert codes(replace(foreign, shared=GROUP)) == ["maildir-unreadable"]


def test_reader_who_may_not_write_is_found() -> None:
    """To read a mail is to move it."""
    member = Person(ALICE, frozenset({GROUP}))
    folders = tuple(replace(each, uid=BOB) for each in opened(0o750, GROUP))
    store = replace(HEALTHY, server=Person(BOB), reader=member, shared=GROUP, folders=folders)
    assert codes(store) == ["maildir-unreadable"]


def test_missing_maildir_is_found_unless_it_will_be_made() -> None:
    """By a server that starts, in a folder that it may write to."""
    missing = replace(HEALTHY, folders=())
    [finding] = examine_store(missing).findings
    assert finding.code == "maildir-missing"
    assert finding.lines[0].endswith(
        "/home/alice/Maildir /home/alice/Maildir/cur "
        "/home/alice/Maildir/new /home/alice/Maildir/tmp"
    )
    assert codes(replace(missing, makes=True)) == []
    assert codes(replace(missing, makes=True, server=Person(BOB))) == ["maildir-missing"]


def test_what_may_not_be_looked_at_is_told() -> None:
    """And nothing is said of it."""
    told = examine_store(replace(HEALTHY, hidden=True, folders=()))
    assert (told.findings, told.checked) == ((), ())
    assert told.unseen


def test_maildir_of_this_disk_is_read(tmp_path: Path) -> None:
    """By a link, too; several have no reader in particular."""
    (tmp_path / "real" / "cur").mkdir(parents=True)
    (tmp_path / "link").symlink_to("real")
    half = look_into(str(tmp_path / "link"), 0, shared=None, single=True)
    assert (half.path, half.folders) == (str(tmp_path / "real"), ())
    for name in ("new", "tmp"):
        (tmp_path / "real" / name).mkdir()
    whole = look_into(str(tmp_path / "link"), 0, shared=None, single=True)
    assert [Path(each.path).name for each in whole.folders] == ["real", "cur", "new", "tmp"]
    assert whole.above[-1].path == str(tmp_path)
    several = look_into(str(tmp_path), 0, shared=None, single=False)
    assert ([each.path for each in several.folders], several.reader) == ([str(tmp_path)], None)


def test_line_is_safe_to_type() -> None:
    """Whatever somebody has called the folder."""
    path = "/srv/x; rm -rf y"
    folders = tuple(
        replace(each, path=each.path.replace("/home/alice/Maildir", path)) for each in MAILDIR
    )
    wrong = replace(HEALTHY, path=path, server=Person(BOB), reader=None, folders=folders)
    [finding] = examine_store(wrong).findings
    [line] = finding.lines
    assert line.endswith("'/srv/x; rm -rf y' && sudo chmod -R u+rwX '/srv/x; rm -rf y'")
