"""Which modules are mutated, and which tests judge the mutants: the module's own first."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

_FOR_CONTENT = ("smtp/test_framing.py", "smtp/test_dialogues.py")
_FOR_COMMANDS = ("smtp/test_grammar.py", "smtp/test_arguments.py", "smtp/test_verbs.py")
_FOR_DEPOSITS = ("delivery/test_deposit.py", "delivery/test_deposit_faults.py")
_FOR_THE_COMMITTER = ("delivery/test_committer.py", "delivery/test_committer_thread.py")
_FOR_A_MAILDIR = (
    "delivery/test_maildir.py",
    "delivery/test_maildir_names.py",
    "delivery/test_maildir_links.py",
    "delivery/test_maildir_adopted.py",
    "delivery/test_maildir_swept.py",
)
_FOR_STORING = (
    *_FOR_DEPOSITS,
    *_FOR_THE_COMMITTER,
    *_FOR_A_MAILDIR,
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


def _of(*own: str, others: tuple[str, ...] = ()) -> tuple[tuple[str, ...], ...]:
    """Part a module's own tests from others, which are asked about what has survived its own."""
    first = tuple(f"tests/{name}" for name in own)
    rest = tuple(f"tests/{name}" for name in others if name not in own)
    return (first, rest) if rest else (first,)


# In the order in which they are worth a night: what decides where content ends, what commands mean,
# and whether mail is lost; then what stores, in a process of its own, and who watches over it.
MODULES: dict[str, tuple[tuple[str, ...], ...]] = {
    "gomail/smtp/framing.py": _of("smtp/test_framing.py", others=_FOR_CONTENT),
    "gomail/smtp/grammar.py": _of("smtp/test_grammar.py", others=_FOR_COMMANDS),
    "gomail/delivery/deposit.py": _of(*_FOR_DEPOSITS, others=_FOR_STORING),
    "gomail/delivery/committer.py": _of(
        *_FOR_THE_COMMITTER,
        others=(*_FOR_STORING, "delivery/test_process.py", "delivery/test_process_ends.py"),
    ),
    "gomail/delivery/maildir.py": _of(*_FOR_A_MAILDIR, others=_FOR_STORING + _FOR_PLACES),
    "gomail/delivery/folder.py": _of("delivery/test_folder.py", others=_FOR_PLACES),
    "gomail/delivery/places.py": _of("delivery/test_places.py", others=_FOR_PLACES),
    "gomail/delivery/refusals.py": _of("delivery/test_refusals.py", others=_FOR_PLACES),
    "gomail/delivery/room.py": _of("delivery/test_room.py", others=_FOR_PLACES),
    "gomail/delivery/asking.py": _of("delivery/test_asking.py", others=_FOR_PLACES),
    "gomail/delivery/faults.py": _of("delivery/test_faults.py", others=_FOR_PLACES),
    "gomail/delivery/syncing.py": _of("delivery/test_syncing.py", others=_FOR_STORING),
    "gomail/delivery/syncfs.py": _of("delivery/test_syncing.py"),
    "gomail/delivery/helpers.py": _of("delivery/test_helpers.py", others=_FOR_STORING),
    "gomail/delivery/record.py": _of("delivery/test_record.py", others=_FOR_WATCHING),
    "gomail/delivery/job.py": _of("delivery/test_process.py", others=_FOR_AGENTS),
    "gomail/delivery/orders.py": _of("delivery/test_orders.py", others=_FOR_AGENTS),
    "gomail/delivery/program.py": _of("delivery/test_agent.py", others=_FOR_AGENTS),
    "gomail/delivery/agent.py": _of("delivery/test_agent.py", others=_FOR_AGENTS),
    "gomail/delivery/process.py": _of(
        "delivery/test_process_rest.py", others=_FOR_ONE_WHO_HAS_AGENTS
    ),
    "gomail/delivery/line.py": _of("delivery/test_line.py", others=_FOR_ONE_WHO_HAS_AGENTS),
    "gomail/delivery/probe.py": _of("delivery/test_probe.py", others=_FOR_WATCHING),
    "gomail/delivery/silence.py": _of("delivery/test_silence.py", others=_FOR_WATCHING),
    "gomail/delivery/vigil.py": _of("delivery/test_vigil.py", others=_FOR_WATCHING),
    "gomail/delivery/whole.py": _of("delivery/test_whole.py"),
    "gomail/delivery/twisted_mail.py": _of(
        "delivery/test_twisted_mail.py", others=("delivery/test_twisted_replies.py",)
    ),
}
