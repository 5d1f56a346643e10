"""Checks of one's own and milters, in a server that runs and whose configuration changes."""

from dataclasses import replace
from pathlib import Path

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread
from zope.interface import implementer

from gomail import examination
from gomail.checks.own import Facts, ICheck, Look
from gomail.checks.policy import Action
from gomail.compose import mail_service
from gomail.config import ConfigurationError
from gomail.delivery.folder import make
from gomail.events import Event, Trouble
from gomail.finding import Finding
from gomail.server.start import StartError
from gomail.settings.values import Checks, Milter, Rules
from tests.compose.mounted import Mount, configured, port_of
from tests.milters.filter import CONTINUE, Filter, added
from tests.system.filters import Listening
from tests.system.running import Client, free_port, stored


@implementer(ICheck)
class Strict:
    """A check of one's own, to which nobody is good enough."""

    method = "strict"

    def begin(self, facts: Facts) -> Look:
        """Begin."""
        return Verdict()


class Verdict(Look):
    """What it says of all messages."""

    def finding(self) -> Finding:
        """Say so."""
        return Finding("strict", "fail", (), "as always")


@pytest_twisted.ensureDeferred
async def test_check_of_ones_own_is_heard(mount: Mount, tmp_path: Path) -> None:
    """What it says is told, and what follows is said in the configuration, which may change."""
    checks = Checks(resolvers=(f"127.0.0.1:{free_port()}",))  # where nobody answers
    old = configured(
        tmp_path,
        "one.example",
        trusted=(),
        checks=checks,
        policy=Rules(own={"strict": Action.JUNK}),
    )
    server = mount(old, checks=(Strict(),))

    def mail() -> str:
        return Client.connect(port_of(old)).mail("x", "you@one.example")

    assert (await deferToThread(mail)).startswith("250 ")
    (message,) = stored(Path(old.maildir) / ".Junk")
    assert b' strict=fail reason="as always"' in message
    await server.change(replace(old, policy=Rules(own={"strict": Action.REFUSE})))
    assert (await deferToThread(mail)).startswith("550 5.7.1 A check of this server ")


def test_what_can_not_be_a_check_is_raised(tmp_path: Path) -> None:
    """As what is wrong with anything else."""
    from twisted.internet import reactor

    configuration = configured(tmp_path, "one.example", checks=Checks())
    make(configuration.maildir)
    with pytest.raises(StartError, match="checks: an object that provides ICheck was expected"):
        mail_service(reactor, configuration, checks=("strict",))  # type: ignore[arg-type]


@pytest_twisted.ensureDeferred
async def test_checks_that_can_not_be_made_change_nothing(
    mount: Mount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the libraries are gone, and a reload asks for other checks."""
    old = configured(tmp_path, "one.example")
    server = mount(old)
    monkeypatch.setattr(examination, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="there is no library dns here"):
        await server.change(replace(old, checks=Checks(enabled=True)))
    assert server.configuration is old


@pytest_twisted.ensureDeferred
async def test_milters_are_asked_as_is_set_and_may_change(mount: Mount, tmp_path: Path) -> None:
    """What they write may mean junk; one that is not there is told, and may defer."""
    filtering = Filter({b"E": added(b"X-Spam", b" Yes") + CONTINUE})
    listening = Listening(filtering, tmp_path / "socket")
    told: list[Event] = []
    there = Milter(listening.endpoint, junk_field="X-Spam: Yes")
    old = configured(tmp_path, "one.example", milters=(there,))
    server = mount(old, listeners=[told.append])

    def mail() -> str:
        client = Client.connect(port_of(old))
        client.say("EHLO client.example")
        sender = client.say("MAIL FROM:<me@client.example>")
        return client.mail("x", "a@one.example") if sender.startswith("250") else sender

    try:
        assert (await deferToThread(mail)).startswith("250 ")
    finally:
        listening.die()
    (message,) = stored(tmp_path / "one.example/.Junk")
    assert message.endswith(b"Subject: x\nX-Spam: Yes\n\nx\n")
    assert await server.change(replace(old, milters=(replace(there, on_failure="defer"),))) == []
    assert (await deferToThread(mail)).startswith("451 4.7.1 ")
    (trouble,) = (event.what for event in told if isinstance(event, Trouble))
    assert "it can't be reached: " in trouble
    assert await server.change(replace(old, milters=())) == []
    assert (await deferToThread(mail)).startswith("250 ")
