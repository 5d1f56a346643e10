"""What is kept of DNS, for how long, and how much of it."""

import pytest

from gomail.checks.dns.cache import LONGEST_ANSWER, LONGEST_TIME, Cache
from gomail.checks.records import Outcome, Records

FOUND = Records(Outcome.FOUND, (b"v=spf1 -all",), 60)
QUESTION = ("example.org", "TXT")


class Time:
    """What the time is."""

    now = 1000.0

    def __call__(self) -> float:
        """Tell it."""
        return self.now


@pytest.fixture
def time() -> Time:
    """Give a clock."""
    return Time()


def test_answer_holds_for_its_time(time: Time) -> None:
    """It is given with the seconds that are left, and not beyond them."""
    cache = Cache(10_000, time)
    cache.put(QUESTION, FOUND)
    time.now += 59
    assert cache.get(QUESTION) == FOUND._replace(seconds=1)
    time.now += 1
    assert cache.get(QUESTION) is None
    assert (len(cache), cache.octets) == (0, 0)


@pytest.mark.parametrize("outcome", [Outcome.EMPTY, Outcome.MISSING])
def test_negative_answers_are_kept(time: Time, outcome: Outcome) -> None:
    """What is not there need not be asked for again (RFC 2308 §5)."""
    cache = Cache(10_000, time)
    cache.put(QUESTION, Records(outcome, (), 60))
    assert cache.get(QUESTION) == Records(outcome, (), 60)


@pytest.mark.parametrize(
    "answer",
    [
        Records(Outcome.FAILED, (), 60),
        FOUND._replace(seconds=0),
        FOUND._replace(values=(b"x" * 3000, b"x" * (LONGEST_ANSWER - 2999))),
    ],
)
def test_p7_what_is_not_kept(time: Time, answer: Records) -> None:
    """No answer, one that holds only now, and a huge one, which also displaces the one before."""
    cache = Cache(100_000, time)
    cache.put(QUESTION, FOUND)
    cache.put(QUESTION, answer)
    assert cache.get(QUESTION) is None
    assert (len(cache), cache.octets) == (0, 0)


def test_nothing_is_kept_for_ever(time: Time) -> None:
    """A time to live of 68 years is one of an hour here."""
    cache = Cache(10_000, time)
    cache.put(QUESTION, FOUND._replace(seconds=2**31 - 1))
    time.now += LONGEST_TIME
    assert cache.get(QUESTION) is None


def test_least_recently_used_goes_first(time: Time) -> None:
    """Where it is full, what was asked for lately stays."""
    cache = Cache(3_000, time)
    for number in range(100):
        cache.put((f"{number}.example.org", "TXT"), FOUND)
        cache.get(("0.example.org", "TXT"))
    assert cache.get(("0.example.org", "TXT")) is not None
    assert cache.get(("99.example.org", "TXT")) is not None
    assert cache.get(("1.example.org", "TXT")) is None
    assert 3 <= len(cache) <= 5
    assert cache.octets <= 3_000


def test_p7_bound_is_in_octets(time: Time) -> None:
    """Long answers are fewer than short ones."""
    cache = Cache(100_000, time)
    for number in range(1000):
        cache.put((f"{number}.example.org", "TXT"), FOUND._replace(values=(b"x" * 4096,)))
    assert 15 < len(cache) < 25
    assert cache.octets <= 100_000
