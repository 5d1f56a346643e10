"""docs/SECURITY.md and docs/reliability.md tell of every attack and fault, with its tests."""

from pathlib import Path

from tests.catalogue.pages import PAGES, entries, evidence, page

LAST = {"F": 10, "E": 15, "N": 8, "P": 12, "W": 6, "R": 25}
WITHOUT = ("Not here yet", "Not ours", "See ", "; see ")


def told() -> dict[str, str]:
    """Give the entries of all pages."""
    return {each: said for path in PAGES for each, said in entries(path.read_text()).items()}


def test_pages_list_the_tests_that_there_are() -> None:
    """Who adds, renames or removes one has ``python -m tests.catalogue.pages`` write them anew."""
    for path in PAGES:
        text = path.read_text()
        assert page(text, evidence()) == text, "run: python -m tests.catalogue.pages"


def test_every_attack_and_fault_is_told_of() -> None:
    """None is missing, and none is told of that nobody knows."""
    known = {f"{kind}{number + 1}" for kind, last in LAST.items() for number in range(last)}
    assert told().keys() == known
    assert evidence().keys() <= known


def test_what_has_no_test_says_why() -> None:
    """It is not here yet, not ours, or shown elsewhere."""
    bare = {each: said for each, said in told().items() if "\nTests: " not in said}
    assert {each for each, said in bare.items() if not any(why in said for why in WITHOUT)} == set()


def test_ids_are_found_in_names_and_titles(tmp_path: Path) -> None:
    """One, or a whole range; a word that looks like one in the middle is none."""
    (tmp_path / "dialogues").mkdir()
    (tmp_path / "dialogues/a.txt").write_text("# A bare LF (F2, F7)\nS: 220 *\n# RFC 3030 (BDAT)\n")
    (tmp_path / "test_a.py").write_text(
        "def test_r1_one(a):\n    pass\nasync def test_r4_to_r6_some() -> None:\n"
        "def test_no_r7_here():\n\ndef test_8_bit():\n"
    )
    assert evidence(tmp_path) == {
        "F2": {"dialogues/a.txt"},
        "F7": {"dialogues/a.txt"},
        "R1": {"test_r1_one"},
        **{each: {"test_r4_to_r6_some"} for each in ("R4", "R5", "R6")},
    }


def test_lists_are_written_anew() -> None:
    """What is gone goes, what came comes, and what is written by hand stays."""
    before = "**R1. Kill.** It\nstays.\n\nTests: `test_r1_gone`,\n`test_r1_old`\n\nMore.\n"
    after = "**R1. Kill.** It\nstays.\n\nTests: `test_r1_a`, `test_r1_b`\n\nMore.\n"
    assert page(before, {"R1": {"test_r1_b", "test_r1_a"}}) == after
    assert page(after, {}) == "**R1. Kill.** It\nstays.\n\nMore.\n"
