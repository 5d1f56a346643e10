"""What is measured follows from the options, and what is left out is said."""

import pytest

from bench import cli, resolver
from bench.loads import source
from bench.peers.gomail import GomailFilesystem
from bench.running import NAMES, OPTIONAL, Plan, peers_of


def plan(*options: str) -> tuple[Plan, dict[str, str]]:
    """Give the plan and what is left out."""
    return cli.plan_of(cli.parser().parse_args(options))


def test_everything_but_the_longest_is_measured_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sessions by the ten thousand are held only if that is asked for."""
    monkeypatch.setattr(source, "find", lambda: "/usr/sbin/smtp-source")
    monkeypatch.setattr(resolver, "missing", lambda: None)
    assert set(plan()[0].workloads) == set(NAMES) - set(OPTIONAL)
    assert set(plan("--held")[0].workloads) == set(NAMES)
    assert plan("--only", "lone", "--held")[0].workloads == ["lone", *OPTIONAL]


def test_quick_is_one_short_round() -> None:
    """A trial is over soon, unless more is asked for."""
    quick, _ = plan("--quick")
    assert (quick.rounds, quick.seconds) == (1, 0.3)
    assert plan("--quick", "--rounds", "3")[0].rounds == 3


def test_only_named_servers_take_part() -> None:
    """Others are not even looked for."""
    chosen, left_out = plan("--only", "pipelined", "--peers", "gomail", "aiosmtpd-mailbox")
    assert {*chosen.peers, *left_out} == {"gomail", "aiosmtpd-mailbox"}
    assert "gomail" in chosen.peers


def test_without_smtp_source_its_loads_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own loads need no package of Debian's."""
    monkeypatch.setattr(source, "find", lambda: None)
    chosen, left_out = plan()
    ours = {"pipelined", "bulk", "crowd", "lone", "idle", "fairness", "enumeration"}
    assert set(chosen.workloads) - {"slow-disk"} == ours
    assert "sudo apt install postfix" in left_out["small"]


def test_without_dns_nobody_is_asked_who_has_sent_a_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A race in which some can't find it out would say nothing of the others either."""
    monkeypatch.setattr(source, "find", lambda: "/usr/sbin/smtp-source")
    monkeypatch.setattr(resolver, "find", lambda: None)
    chosen, left_out = plan("--only", "checked", "small")
    assert chosen.workloads == ["small"]
    assert left_out["checked"] == "unbound is not installed; try: sudo apt install unbound"


def test_server_that_is_not_there_is_left_out_with_a_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One line says why."""
    monkeypatch.setattr(GomailFilesystem, "missing", lambda _: "no such option")
    chosen, left_out = plan("--only", "price")
    assert "gomail-filesystem" not in chosen.peers
    assert left_out["gomail-filesystem"] == "no such option"


def test_help_lists_workloads_and_servers(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to read the source to choose."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    told = capsys.readouterr().out
    assert all(name in told for name in NAMES)
    assert all(peer in told for name in NAMES for peer in peers_of(name) if peer != "bare loop")


def test_unknown_workload_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    """A slip of the finger measures nothing."""
    with pytest.raises(SystemExit):
        cli.main(["--only", "smal"])
    assert "invalid choice: 'smal'" in capsys.readouterr().err


def test_trial_is_not_written_into_the_docs(capsys: pytest.CaptureFixture[str]) -> None:
    """A figure of a third of a second is none."""
    with pytest.raises(SystemExit):
        cli.main(["--quick", "--docs"])
    assert "not for the docs" in capsys.readouterr().err
