"""Which names may become paths, and which paths are made of them."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gomail.recipients.mailbox import Template, read_name


@pytest.mark.parametrize(
    "name",
    [
        "alice",
        "a",
        "0",
        "a.b",
        "a_b-c",
        "jos\u00e9",
        "\u674e",
        "\u0928\u092e\u0938\u094d\u0924\u0947",
        "stra\u00dfe",
        "a" * 64,
    ],
)
def test_names_of_people_are_names(name: str) -> None:
    """Letters and digits of any script name a mailbox, and dots between them."""
    assert read_name(name) == name


def test_capital_ascii_letters_are_folded() -> None:
    """Alice and alice are one mailbox."""
    assert read_name("Alice") == "alice"


N1 = [
    "",
    ".",
    "..",
    "/",
    "\\",
    "\0",
    "a\0",
    "../../etc/cron.d/x",
    "a/b",
    "a\\b",
    "-a",
    ".a",
    "_a",
    "a.",
    "a..b",
]
N1 += [
    "a:2",
    "a,b",
    "a\n",
    "a\x7f",
    "a\x85b",
    "a b",
    "a+b",
    "a@b",
    "{mailbox}",
    "a" * 65,
    "\u00e9" * 33,
    "a\udcff",
]


@pytest.mark.parametrize("text", N1)
def test_n1_what_could_leave_a_folder_is_no_name(text: str) -> None:
    """A name never holds a slash, a control, a leading dot or dash, or more than 64 octets."""
    with pytest.raises(ValueError, match="mailbox"):
        read_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "\uff0fetc",  # fullwidth solidus
        "\uff0e\uff0e",  # fullwidth full stops
        "\ufb01",  # the ligature fi
        "\u212a",  # Kelvin
        "\u0130",  # capital I with a dot
        "e\u0301",  # not composed
        "\u00c9",  # a capital letter beyond ASCII
        "\uff41",  # fullwidth a
        "\u0301a",  # a mark without a letter
        "a\u200b",  # zero width space
    ],
)
def test_n2_variants_of_other_letters_are_no_names(text: str) -> None:
    """What some system might take for another name is refused where it is configured."""
    with pytest.raises(ValueError, match="can't name a mailbox"):
        read_name(text)


def test_the_error_says_what_a_name_is() -> None:
    """The owner reads what was expected, and that an alias may be called so."""
    with pytest.raises(ValueError, match="can't name") as caught:
        read_name("o'brien")
    assert str(caught.value) == (
        "\"o'brien\" can't name a mailbox: letters, digits, and between them '.', '_' or '-' "
        "were expected; an alias may be called so"
    )


def test_a_long_text_is_cut_in_the_error() -> None:
    """A megabyte in the wrong place does not fill the terminal."""
    with pytest.raises(ValueError, match="octets") as caught:
        read_name("x" * 1_000_000)
    assert len(str(caught.value)) < 200


@given(st.text())
def test_n1_no_name_leaves_its_folder(text: str) -> None:
    """Whatever is taken for a name is one component of a path, below its folder, and stable."""
    try:
        name = read_name(text)
    except ValueError:
        return
    path = name.join(Template("/srv/{domain}/{mailbox}").pieces("example.org"))
    assert os.path.normpath(path) == path
    assert path.rpartition("/")[0] == "/srv/example.org"
    assert len(os.fsencode(name)) <= 64
    assert read_name(name) == name


@pytest.mark.parametrize(
    ("template", "path", "root"),
    [
        ("/srv/mail/{domain}/{mailbox}", "/srv/mail/b.example/a", "/srv/mail"),
        ("/home/{mailbox}/Maildir", "/home/a/Maildir", "/home"),
        ("/srv/box-{mailbox}@{domain}", "/srv/box-a@b.example", "/srv"),
        ("/{domain}/{mailbox}/{mailbox}", "/b.example/a/a", "/"),
        ("/home/alice/Maildir", "/home/alice/Maildir", "/home/alice/Maildir"),
        ("/srv/{domain}", "/srv/b.example", "/srv"),
    ],
)
def test_a_template_is_filled_from_names(template: str, path: str, root: str) -> None:
    """The path of a Maildir holds the names where the owner wants them."""
    made = Template(template)
    assert "a".join(made.pieces("b.example")) == path
    assert made.root == root
    assert made.names_mailboxes == ("{mailbox}" in template)


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("/srv/{user}", "{mailbox} or {domain} was expected, not {user}"),
        ("/srv/{}", "{mailbox} or {domain} was expected, not {}"),
        ("/srv/{mailbox.__class__}", "{mailbox} or {domain} was expected, not {mailbox.__class__}"),
        ("/srv/{mailbox", "{ and } were expected in {mailbox} and {domain} alone"),
        ("/srv/a}", "{ and } were expected in {mailbox} and {domain} alone"),
        ("Maildir", "an absolute path was expected, not 'Maildir'"),
        ("/srv/{domain}-{mailbox}", "'/' or '@' was expected between {domain} and {mailbox}"),
        ("/srv/{domain}{mailbox}", "'/' or '@' was expected between {domain} and {mailbox}"),
    ],
)
def test_other_templates_are_refused(template: str, problem: str) -> None:
    """A placeholder that is none, or two that could run together, are told at start."""
    with pytest.raises(ValueError, match="expected") as caught:
        Template(template)
    assert str(caught.value) == problem
