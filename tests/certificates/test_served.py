"""What is served of what lies there."""

import os
from pathlib import Path

import pytest

from gomail.certificates.own import NAME
from gomail.certificates.pair import PairError
from gomail.certificates.served import Doubt, Served, newer, serve
from gomail.certificates.wanted import Wanted
from tests.certificates.pairs import MX, NOW, pair, with_other_key, written


def test_pairs_of_files_are_served(tmp_path: Path) -> None:
    """In their order, without a note."""
    pairs = [pair(), pair("mx.example.net")]
    files = tuple(written(tmp_path, each, name) for each, name in zip(pairs, "ab", strict=True))
    served = serve(Wanted(MX, files=files), NOW)
    assert [each.names for each in served.pairs] == [(MX,), ("mx.example.net",)]
    assert served.note == ""


def test_broken_pair_is_not_served(tmp_path: Path) -> None:
    """One that can't be is enough."""
    good, bad = written(tmp_path, pair(), "a"), written(tmp_path, with_other_key(pair()), "b")
    with pytest.raises(PairError, match=r"b\.key does not belong"):
        serve(Wanted(MX, files=(good, bad)), NOW)


def test_only_what_has_changed_is_newer(tmp_path: Path) -> None:
    """The same octets are the same pair, whatever their time; others are others."""
    wanted = Wanted(MX, files=(written(tmp_path, pair()),))
    served = serve(wanted, NOW)
    assert newer(wanted, served.digest) is None
    key = Path(wanted.files[0].key)
    os.utime(key, (0, 0))
    assert newer(wanted, served.digest) is None
    before = key.stat()
    other = pair()
    written(tmp_path, other)
    os.utime(key, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = newer(wanted, served.digest)
    assert isinstance(found, Served)
    assert found.pairs[0].certificate == other.certificate


def test_doubts_are_told_apart(tmp_path: Path) -> None:
    """By what stands there, or by what can't be read."""
    wanted = Wanted(MX, files=(written(tmp_path, with_other_key(pair())),))
    one = newer(wanted, b"")
    assert isinstance(one, Doubt)
    assert one == newer(wanted, b"")
    written(tmp_path, with_other_key(pair()))
    two = newer(wanted, b"")
    assert isinstance(two, Doubt)
    assert (two.why, two != one) == (one.why, True)
    Path(wanted.files[0].key).unlink()
    gone = newer(wanted, b"")
    assert isinstance(gone, Doubt)
    assert gone.why.endswith("No such file or directory")


def test_self_signed_pair_is_kept(tmp_path: Path) -> None:
    """Where there are no files, one is made, and found again."""
    wanted = Wanted(MX, str(tmp_path / "state"))
    served = serve(wanted, NOW)
    assert served.pairs[0].self_signed
    assert served.note == ""
    assert (tmp_path / "state" / NAME).exists()
    assert serve(wanted, NOW).pairs[0].certificate == served.pairs[0].certificate


def test_self_signed_pair_lives_in_memory_where_it_cannot_be_kept(tmp_path: Path) -> None:
    """That is said, and is no reason not to start."""
    (tmp_path / "file").touch()
    served = serve(Wanted(MX, str(tmp_path / "file")), NOW)
    assert served.pairs[0].covers(MX)
    assert served.note == (
        "the self-signed certificate is made anew with each start: the state folder "
        f"{tmp_path}/file can't be used: File exists"
    )
    served = serve(Wanted(MX), NOW)
    assert served.note.endswith(": the state folder can't be used: there is no home folder")
