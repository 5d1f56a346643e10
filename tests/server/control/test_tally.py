"""What a server counts of itself."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from gomail.address import NULL_PATH
from gomail.envelope import Client
from gomail.events import (
    ContentDropped,
    Junked,
    Refusal,
    SessionEnded,
    SessionStarted,
    Trouble,
)
from gomail.finding import Finding
from gomail.reply import TOO_BUSY, Reply
from gomail.server.control.tally import MOST_KNOWN, MOST_NAMES, OTHERS, Tally, together
from tests.server.events import CHECKED, CLIENT, ENDED, ENVELOPE, REFUSED, STORED

PUBLIC = "209.85.222.47"


def counted(*events: object, proxies: tuple[str, ...] = ()) -> dict[str, object]:
    """Give what is counted of *events*."""
    tally = Tally(map(ip_network, proxies))
    for event in events:
        tally(event)  # type: ignore[arg-type]  # any
    return tally.plain()


def started(address: str | None, session: str = "1") -> SessionStarted:
    """Tell that a session has begun."""
    return SessionStarted(Client(session, address, 25))


def test_everything_is_counted_once() -> None:
    """Sessions, messages, octets, refusals by their reply, and what no message came of."""
    told = counted(
        *(STORED, STORED, ENDED, REFUSED, REFUSED, Refusal(CLIENT, b"", TOO_BUSY)),
        *(ContentDropped(ENVELOPE, "gone"), Junked(ENVELOPE, "spam"), Trouble("x"), CHECKED),
    )
    assert told == {
        "ended": 1,
        "public": 0,
        "messages": 2,
        "octets": 2468,
        "dropped": 1,
        "junk": 1,
        "milters-junk": 1,
        "refusals": {
            "550 5.1.1 No such mailbox here": 2,
            "421 4.3.2 Too many sessions, please try again later": 1,
        },
        "shadow": {"refuse": {"a.example": 1}},
        "last-public": None,
    }


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True),
        ("2a00:1450:4864:20::52e", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("100.64.0.7", False),
        ("192.0.2.1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("203.0.114.9", False),  # the proxy's
        (None, False),
    ],
)
def test_last_session_of_a_public_address_is_known(address: str | None, *, public: bool) -> None:
    """That is: one of the world outside; neither this machine's, nor a proxy's own."""
    told = counted(started(address), started(address, "2"), proxies=("203.0.114.0/24",))
    assert told["public"] == 2 * public
    last = told["last-public"]
    assert (last is not None) is public
    if isinstance(last, dict):
        assert (last["address"], last["session"]) == (address, "2")
        assert last["time"].endswith("Z")


def test_private_session_does_not_hide_the_public_one_before() -> None:
    """Whoever watches the server from nearby connects all the time."""
    last = counted(started(PUBLIC), started("127.0.0.1"))["last-public"]
    assert isinstance(last, dict)
    assert last["address"] == PUBLIC


def test_many_addresses_take_little_room() -> None:
    """What is known of an address is forgotten, and found out again."""
    tally = Tally()
    for number in range(MOST_KNOWN + 10):
        tally(started(f"209.85.{number // 256}.{number % 256}"))
    assert tally.plain()["public"] == MOST_KNOWN + 10
    assert len(tally._public) <= MOST_KNOWN


def test_replies_of_others_own_take_little_room() -> None:
    """A milter may answer each message differently."""
    replies = [Reply(550, "7.1", f"no {number}") for number in range(MOST_NAMES + 5)]
    refusals = counted(*(Refusal(CLIENT, b"", reply) for reply in replies))["refusals"]
    assert isinstance(refusals, dict)
    assert len(refusals) == MOST_NAMES + 1
    assert refusals[OTHERS] == 5
    many = counted(Refusal(CLIENT, b"", Reply(550, "7.1", "two\nlines")))["refusals"]
    assert many == {"550-5.7.1 two 550 5.7.1 lines": 1}


def test_strictest_of_the_shadows_is_counted_by_the_domain() -> None:
    """By that of From, else of the reverse-path, else by nobody's."""
    both = CHECKED._replace(shadows=(("mark", "a"), ("refuse", "b"), ("defer", "c")))
    unknown = both._replace(findings=(Finding("spf", "fail"),))
    nobody = unknown._replace(envelope=ENVELOPE._replace(reverse_path=NULL_PATH))
    plain = both._replace(shadows=())
    assert counted(both, both, unknown, nobody, plain)["shadow"] == {
        "refuse": {"a.example": 2, "client.example": 1, OTHERS: 1}
    }


def test_counts_of_several_are_put_together() -> None:
    """Numbers are added, name by name; of the last sessions the last one counts."""
    one = counted(STORED, REFUSED, CHECKED, started(PUBLIC, "1"))
    two = counted(STORED, ENDED, REFUSED, CHECKED, started("209.85.1.1", "2"))
    none = Tally().plain()
    for parts in ((one, two, none), (none, two, one)):
        whole = together(parts)
        assert (whole["messages"], whole["octets"], whole["ended"]) == (2, 2468, 1)
        assert whole["refusals"] == {"550 5.1.1 No such mailbox here": 2}
        assert whole["shadow"] == {"refuse": {"a.example": 2}}
        assert whole["last-public"]["session"] == "2"
    assert together([]) == none


def test_names_of_several_take_little_room_together() -> None:
    """As many as of one."""
    parts = [
        counted(
            *(Refusal(CLIENT, b"", Reply(550, "7.1", f"{part} {n}")) for n in range(MOST_NAMES))
        )
        for part in range(3)
    ]
    refusals = together(parts)["refusals"]
    assert len(refusals) == MOST_NAMES + 1
    assert sum(refusals.values()) == 3 * MOST_NAMES
    assert refusals[OTHERS] == 2 * MOST_NAMES


def test_client_of_a_session_that_ended_needs_no_address() -> None:
    """A unix socket has none."""
    told = counted(SessionEnded(replace(CLIENT, address=None), "", 0.1, 0), started(None))
    assert (told["ended"], told["public"]) == (1, 0)
