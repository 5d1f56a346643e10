"""The corpus of real senders keeps what it promises: a source for each scene, a mail at its end."""

import re
from pathlib import Path

import pytest

from tests.smtp.transcript import Play, Scene, read_scenes, whole

SENDERS = Path(__file__).parents[1] / "dialogues" / "senders"
FILES = sorted(SENDERS.glob("*.txt"))
SCENES = [
    pytest.param(path.stem, scene, id=f"{path.stem}: {scene.name}"[:100])
    for path in FILES
    for scene in read_scenes(path)
]


@pytest.mark.parametrize(("sender", "scene"), SCENES)
def test_what_a_sender_says_ends_in_a_stored_mail(sender: str, scene: Scene) -> None:
    """Each real sender gets its mail through; only probes have none."""
    play = Play(scene)
    play.perform(whole(scene))
    assert bool(play.talk.desk.stored) == (sender != "probes")


@pytest.mark.parametrize(("sender", "scene"), SCENES)
def test_scene_names_its_source(sender: str, scene: Scene) -> None:
    """Whoever doubts a scene can look up where it comes from."""
    sources = re.findall(r"\((.+?)\)", scene.name)
    assert any(re.search(r"RFC \d|/|\.c|, |\(", source) for source in sources), sender


def test_readme_has_a_row_for_each_file() -> None:
    """The folder's README says what is particular about each sender."""
    readme = (SENDERS / "README.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)
    assert rows == [path.stem for path in FILES]
