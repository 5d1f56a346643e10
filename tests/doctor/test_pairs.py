"""Certificates: by their time, name and key, and whether their renewals come."""

from datetime import timedelta
from pathlib import Path

import pytest

from gomail.certificates.own import as_pem
from gomail.certificates.wanted import Files
from gomail.doctor import pairs
from gomail.doctor.finding import Told
from gomail.doctor.pairs import Shown, examine_pairs, look_at
from tests.certificates.pairs import MX, NOW, pair


def examine(*shown: Shown, copies: str = "/copies") -> Told:
    """Examine certificates of the usual server."""
    return examine_pairs(shown, MX, NOW, copies, "alice")


def codes(told: Told) -> list[str]:
    """Give the codes of what is wrong."""
    return [each.code for each in told.findings]


def written(folder: Path, **words: object) -> Files:
    """Write a pair into one file."""
    path = folder / "pair.pem"
    path.write_bytes(as_pem(pair(**words)))  # type: ignore[arg-type]  # as pair has them
    return Files(str(path), str(path))


def test_sound_pair_is_no_finding(tmp_path: Path) -> None:
    """And its end is told."""
    told = examine(look_at(written(tmp_path)))
    assert codes(told) == []
    assert told.checked[0].endswith("until 2026-08-20 12:00 UTC")


@pytest.mark.parametrize(
    ("begins", "ends", "code"),
    [
        (-100, -1, "certificate-ended"),
        (-76, 14, "certificate-ending"),
        (-76, 15, None),
        (1, 90, "certificate-early"),
    ],
)
def test_time_is_looked_at(tmp_path: Path, begins: int, ends: int, code: str | None) -> None:
    """Two weeks ahead, and before it begins."""
    times = {"begins": NOW + timedelta(begins), "ends": NOW + timedelta(ends)}
    assert codes(examine(look_at(written(tmp_path, **times)))) == ([code] if code else [])


def test_other_files_are_no_pair(tmp_path: Path) -> None:
    """A key of another one, something else, or nothing."""
    files = written(tmp_path)
    other = tmp_path / "other.pem"
    other.write_bytes(as_pem(pair()))
    assert codes(examine(look_at(Files(files.certificate, str(other))))) == ["certificate-mismatch"]
    other.write_text("nonsense")
    assert codes(examine(look_at(Files(files.certificate, str(other))))) == ["certificate-unusable"]
    assert codes(examine(look_at(Files(str(other), files.key)))) == ["certificate-unusable"]
    gone = str(tmp_path / "gone")
    assert codes(examine(look_at(Files(gone, gone)))) == ["certificate-unusable"]


def test_name_of_the_first_counts(tmp_path: Path) -> None:
    """Others are for those who ask for them; one of gomail's own is made anew by itself."""
    right, wrong = pair(), pair("mail.example.net")
    files = written(tmp_path)
    assert codes(examine(Shown(files, wrong))) == ["certificate-name"]
    assert codes(examine(Shown(files, right), Shown(files, wrong))) == []
    assert codes(examine(Shown(files, wrong, own=True))) == []


def test_key_that_root_alone_reads_is_told_as_unseen(tmp_path: Path) -> None:
    """The certificate is looked at all the same."""
    told = examine(Shown(written(tmp_path), pair("mail.example.net"), hidden=True))
    assert codes(told) == ["certificate-name"]
    assert told.unseen[0].startswith("the key of ")


def test_hook_is_looked_for_where_certbot_renews(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For its own files and for the copies of them, and for no others."""
    hook = tmp_path / "hook"
    monkeypatch.setattr(pairs, "HOOK", str(hook))
    monkeypatch.setattr(pairs, "LIVE", str(tmp_path))
    shown = look_at(written(tmp_path))
    told = examine(shown)
    assert codes(told) == ["hook-missing"]
    assert told.findings[0].lines[0].endswith("certificates install --user alice")
    hook.touch()
    assert codes(examine(shown)) == []
    hook.unlink()
    monkeypatch.setattr(pairs, "LIVE", "/elsewhere")
    assert codes(examine(shown)) == []
    assert codes(examine(shown, copies=str(tmp_path))) == ["hook-missing"]
