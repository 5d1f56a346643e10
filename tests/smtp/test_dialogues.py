"""Every transcript below tests/dialogues, in every way in which octets and answers can come."""

from pathlib import Path

import pytest

from tests.smtp.desk import MANNERS
from tests.smtp.transcript import (
    Play,
    Scene,
    cut_at,
    octet_by_octet,
    offsets,
    read_scenes,
    whole,
)
from tests.thorough import often

DIALOGUES = Path(__file__).parents[1] / "dialogues"
MOST_CUTS_UNDER_TLS = often(4, 12)  # a handshake each
MOST_CUTS_OF_SENDERS = often(10, 40)  # all of them say the same things in other words
FILES = sorted(DIALOGUES.glob("*.txt")), sorted(DIALOGUES.glob("senders/*.txt"))
RULES, SENDERS = (
    [
        pytest.param(scene, id=f"{path.stem}: {scene.name}"[:100])
        for path in paths
        for scene in read_scenes(path)
    ]
    for paths in FILES
)
SCENES = [*RULES, *SENDERS]


def can_be_encrypted(scene: object) -> bool:
    """Tell whether a scene gets as far as to a banner, and tells nothing of STARTTLS itself."""
    assert isinstance(scene, Scene)
    own = {"@starttls", "@tls-required"} & set(scene.directives) or (
        "C:",
        "STARTTLS",
    ) in scene.lines
    return not own and scene.first_reply.startswith("220")


@pytest.mark.parametrize("scene", SCENES)
def test_dialogue_goes_as_written(scene: Scene) -> None:
    """The dialogue goes as written, whether the delivery answers at once or later."""
    heard = {Play(scene, manner).perform(whole(scene)) for manner in MANNERS}
    assert len(heard) == 1


@pytest.mark.parametrize("scene", RULES)
def test_dialogue_is_the_same_however_it_is_cut(scene: Scene) -> None:
    """Where the network cuts the octets makes no difference."""
    check_cuts(scene, offsets(scene))


@pytest.mark.parametrize("scene", SENDERS)
def test_sender_is_understood_however_it_is_cut(scene: Scene) -> None:
    """Nor does it to anybody's dialect."""
    check_cuts(scene, offsets(scene, MOST_CUTS_OF_SENDERS))


def check_cuts(scene: Scene, places: range) -> None:
    """See that cuts change nothing: one at each of *places*, and one behind each octet."""
    said = Play(scene).perform(whole(scene))
    assert Play(scene).perform(octet_by_octet(scene)) == said
    for offset in places:
        assert Play(scene).perform(cut_at(scene, offset)) == said, offset


@pytest.mark.parametrize("scene", [param for param in RULES if can_be_encrypted(param.values[0])])
def test_dialogue_is_the_same_under_tls(scene: Scene) -> None:
    """Whatever was said in plaintext before; and wherever the records are cut."""
    said = Play(scene).perform(whole(scene))
    assert Play(scene, encrypted=True).perform(whole(scene)) == said
    for offset in offsets(scene, MOST_CUTS_UNDER_TLS):
        assert Play(scene, encrypted=True).perform(cut_at(scene, offset)) == said, offset


@pytest.mark.parametrize(
    "scene",
    [param for param in SCENES if "@pipelined" in param.values[0].directives],  # type: ignore[union-attr]
)
@pytest.mark.parametrize("manner", MANNERS)
def test_dialogue_is_the_same_pipelined(scene: Scene, manner: str) -> None:
    """A client that waits for nothing hears the same (RFC 2920)."""
    assert Play(scene, manner).perform_at_once() == Play(scene).perform(whole(scene))
