"""The clocks of a session, one by one; what they mean on the wire is in test_protocol."""

from twisted.internet.task import Clock

from gomail.limits import Limits
from gomail.reply import NO_TRANSACTION, TIMED_OUT, TOO_SLOW, Reply
from gomail.smtp.alarms import Alarms
from gomail.smtp.patience import CLOSE_TIME, Patience


class Watch:
    """Patience on a clock, and when it was lost."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.clock = Clock()
        self.lost: list[tuple[float, Reply | None]] = []
        self.patience = Patience(Alarms(self.clock), limits or Limits(), self)

    def late(self, reply: Reply | None) -> None:
        """Remember when and why."""
        self.lost.append((self.clock.seconds(), reply))

    def wait(self, seconds: int) -> "Watch":
        """Let time pass."""
        self.clock.pump([1] * seconds)
        return self


def test_first_command_is_awaited() -> None:
    """From the connection on."""
    assert Watch().wait(400).lost == [(300, TIMED_OUT)]


def test_clocks_stop_with_the_connection() -> None:
    """No timer outlives its session, and stopping twice is no fault."""
    watch = Watch()
    watch.patience.stop()
    watch.patience.stop()
    assert watch.wait(400).lost == []
    assert not watch.clock.getDelayedCalls()


def test_only_one_timer_runs() -> None:
    """Whatever happens, a session has one timer: there may be thousands of sessions."""
    watch = Watch()
    for _ in range(5):
        watch.patience.content_began()
        watch.patience.content_came(5)
        watch.patience.pause()
        watch.patience.resume()
        watch.patience.replies_unread(unread=True)
        watch.patience.replies_unread(unread=False)
        watch.patience.command_answered(transaction=False)
        assert len(watch.clock.getDelayedCalls()) == 1


def test_next_command_behind_long_content_has_a_commands_time() -> None:
    """The timer that was set for content rings too late for a command, and is set anew."""
    watch = Watch(Limits(command_timeout=10))
    watch.patience.content_began()
    watch.wait(11)
    watch.patience.content_came(100_000)
    watch.patience.command_answered(transaction=True)
    assert watch.wait(30).lost == [(21, TIMED_OUT)]


def test_chunks_share_a_timer() -> None:
    """A message may come in thousands of chunks, and to set a timer for each costs."""
    watch = Watch()
    watch.patience.content_began()
    (timer,) = watch.clock.getDelayedCalls()
    for _ in range(5):
        watch.patience.command_answered(transaction=True)
        watch.patience.content_began()
        assert watch.clock.getDelayedCalls() == [timer]
    assert watch.wait(70).lost == [(60, TOO_SLOW)]


def test_each_chunk_has_its_own_time() -> None:
    """The timer that rings for an earlier chunk gives the later one the rest of its time."""
    watch = Watch()
    watch.patience.content_began()
    watch.wait(50)
    watch.patience.command_answered(transaction=True)
    watch.patience.content_began()
    assert watch.wait(70).lost == [(110, TOO_SLOW)]


def test_paused_clocks_ring_for_nobody() -> None:
    """A timer that runs out while the client waits for us is wound again afterwards."""
    watch = Watch()
    watch.patience.pause()
    watch.wait(1000)
    assert watch.lost == []
    watch.patience.resume()
    watch.wait(299)
    assert watch.lost == []
    assert watch.wait(1).lost == [(1300, TIMED_OUT)]


def test_resuming_what_is_not_paused_is_nothing() -> None:
    """No time is given away."""
    watch = Watch()
    watch.wait(100)
    watch.patience.resume()
    assert watch.wait(200).lost == [(300, TIMED_OUT)]


def test_clock_that_begins_in_a_pause_gets_nothing_of_what_went_before() -> None:
    """The client's time begins when our pause ends, at its full length and no more."""
    watch = Watch()
    watch.patience.pause()
    watch.wait(50)
    watch.patience.command_answered(transaction=True)
    watch.wait(10)
    watch.patience.resume()
    watch.wait(299)
    assert watch.lost == []
    assert watch.wait(1).lost == [(360, TIMED_OUT)]


def test_unread_replies_have_their_time_even_in_a_pause() -> None:
    """It is the client who keeps us waiting there."""
    watch = Watch()
    watch.patience.pause()
    watch.wait(10)
    watch.patience.replies_unread(unread=True)
    assert watch.wait(60).lost == [(70, None)]


def test_closing_has_its_time_whatever_else_runs() -> None:
    """Ten seconds, in a pause or not."""
    watch = Watch()
    watch.patience.content_began()
    watch.patience.pause()
    watch.patience.replies_unread(unread=True)
    watch.patience.close()
    assert watch.wait(60).lost == [(CLOSE_TIME, None)]


def test_shorter_time_of_commands_holds_after_content() -> None:
    """An operator who gives commands less time than content has it so, to the second."""
    watch = Watch(Limits(command_timeout=10))
    watch.patience.command_answered(transaction=True)
    watch.patience.content_began()
    watch.patience.content_came(1_000_000)
    watch.wait(1)
    watch.patience.command_answered(transaction=False)
    assert watch.wait(20).lost == [(11, TIMED_OUT)]


def test_shorter_time_without_a_transaction_holds() -> None:
    """So it is with the time without a message."""
    watch = Watch(Limits(transaction_gap=20))
    watch.patience.command_answered(transaction=True)
    watch.wait(15)
    watch.patience.command_answered(transaction=False)
    watch.wait(15)
    watch.patience.command_answered(transaction=False)
    assert watch.wait(10).lost == [(35, NO_TRANSACTION)]


def test_data_rate_is_the_operators() -> None:
    """Twenty octets for ten octets a second is two seconds, after the grace of one."""
    watch = Watch(Limits(data_rate=10, data_rate_grace=1))
    watch.patience.content_began()
    watch.patience.content_came(20)
    assert watch.wait(5).lost == [(2, TOO_SLOW)]


def test_data_timeout_and_content_time_are_the_operators() -> None:
    """Each limit ends content by itself."""
    watch = Watch(Limits(data_timeout=5))
    watch.patience.content_began()
    assert watch.wait(6).lost == [(5, TIMED_OUT)]
    watch = Watch(Limits(content_time=4))
    watch.patience.content_began()
    assert watch.wait(6).lost == [(4, TOO_SLOW)]


def test_time_without_a_transaction_that_begins_in_a_pause_is_not_extended() -> None:
    """A message that took us four minutes to store begins twenty, not twenty-four."""
    watch = Watch(Limits(transaction_gap=100))
    watch.patience.command_answered(transaction=True)
    watch.patience.pause()
    watch.wait(50)
    watch.patience.command_answered(transaction=False)
    watch.patience.resume()
    assert watch.wait(160).lost == [(150, NO_TRANSACTION)]


def test_content_that_begins_when_all_is_over_is_not_timed() -> None:
    """An answer may come when the connection is gone, and no timer outlives that."""
    watch = Watch()
    watch.patience.pause()
    watch.patience.stop()
    watch.patience.content_began()
    assert not watch.clock.getDelayedCalls()
