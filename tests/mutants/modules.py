"""Which modules are mutated, and which tests judge the mutants: the module's own first."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

_FOR_CONTENT = ("smtp/test_framing.py", "smtp/test_dialogues.py")
_FOR_COMMANDS = ("smtp/test_grammar.py", "smtp/test_arguments.py", "smtp/test_verbs.py")
_FOR_STORING = (
    "delivery/test_deposit.py",
    "delivery/test_deposit_faults.py",
    "delivery/test_committer.py",
    "delivery/test_committer_thread.py",
    "delivery/test_maildir.py",
    "delivery/test_maildir_names.py",
    "delivery/test_maildir_links.py",
    "delivery/test_maildir_adopted.py",
    "delivery/test_maildir_swept.py",
    "delivery/test_syncing.py",
)
_FOR_PLACES = (
    "delivery/test_places.py",
    "delivery/test_places_suspended.py",
    "delivery/test_places_made.py",
    "delivery/test_places_details.py",
    "delivery/test_places_aside.py",
    "delivery/test_refusals.py",
    "delivery/test_junk.py",
    "delivery/test_room.py",
    "delivery/test_asking.py",
)
_FOR_ONE_WHO_HAS_AGENTS = (
    "delivery/test_process.py",
    "delivery/test_process_ends.py",
    "delivery/test_process_rest.py",
)
_FOR_AGENTS = ("delivery/test_agent.py", "delivery/test_orders.py", *_FOR_ONE_WHO_HAS_AGENTS)
_FOR_WATCHING = (
    "delivery/test_silence.py",
    "delivery/test_vigil.py",
    "delivery/test_probe.py",
    "delivery/test_record.py",
)


def _of(own: str, others: tuple[str, ...] = ()) -> tuple[tuple[str, ...], ...]:
    """Part a module's own tests from others, which are asked about what has survived its own."""
    rest = tuple(f"tests/{name}" for name in others if name != own)
    return ((f"tests/{own}",), rest) if rest else ((f"tests/{own}",),)


# In the order in which they are worth a night: what decides where content ends, what commands mean,
# and whether mail is lost; then what stores, in a process of its own, and who watches over it.
MODULES: dict[str, tuple[tuple[str, ...], ...]] = {
    "gomail/smtp/framing.py": _of("smtp/test_framing.py", _FOR_CONTENT),
    "gomail/smtp/grammar.py": _of("smtp/test_grammar.py", _FOR_COMMANDS),
    "gomail/delivery/deposit.py": _of("delivery/test_deposit.py", _FOR_STORING),
    "gomail/delivery/committer.py": _of(
        "delivery/test_committer.py", (*_FOR_STORING, "delivery/test_process.py")
    ),
    "gomail/delivery/maildir.py": _of("delivery/test_maildir.py", _FOR_STORING + _FOR_PLACES),
    "gomail/delivery/folder.py": _of("delivery/test_folder.py", _FOR_PLACES),
    "gomail/delivery/places.py": _of("delivery/test_places.py", _FOR_PLACES),
    "gomail/delivery/refusals.py": _of("delivery/test_refusals.py", _FOR_PLACES),
    "gomail/delivery/room.py": _of("delivery/test_room.py", _FOR_PLACES),
    "gomail/delivery/asking.py": _of("delivery/test_asking.py", _FOR_PLACES),
    "gomail/delivery/faults.py": _of("delivery/test_faults.py", _FOR_PLACES),
    "gomail/delivery/syncing.py": _of("delivery/test_syncing.py", _FOR_STORING),
    "gomail/delivery/syncfs.py": _of("delivery/test_syncing.py"),
    "gomail/delivery/helpers.py": _of("delivery/test_helpers.py", _FOR_STORING),
    "gomail/delivery/record.py": _of("delivery/test_record.py", _FOR_WATCHING),
    "gomail/delivery/job.py": _of("delivery/test_process.py", _FOR_AGENTS),
    "gomail/delivery/orders.py": _of("delivery/test_orders.py", _FOR_AGENTS),
    "gomail/delivery/program.py": _of("delivery/test_agent.py", _FOR_AGENTS),
    "gomail/delivery/agent.py": _of("delivery/test_agent.py", _FOR_AGENTS),
    "gomail/delivery/process.py": _of("delivery/test_process_rest.py", _FOR_ONE_WHO_HAS_AGENTS),
    "gomail/delivery/line.py": _of("delivery/test_line.py", _FOR_ONE_WHO_HAS_AGENTS),
    "gomail/delivery/probe.py": _of("delivery/test_probe.py", _FOR_WATCHING),
    "gomail/delivery/silence.py": _of("delivery/test_silence.py", _FOR_WATCHING),
    "gomail/delivery/vigil.py": _of("delivery/test_vigil.py", _FOR_WATCHING),
    "gomail/delivery/whole.py": _of("delivery/test_whole.py"),
    "gomail/delivery/twisted_mail.py": _of(
        "delivery/test_twisted_mail.py", ("delivery/test_twisted_replies.py",)
    ),
}
