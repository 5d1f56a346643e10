"""Events for tests: one of each kind, and any that hypothesis can think of."""

from hypothesis import strategies as st

from gomail.address import NULL_PATH, Address, Path
from gomail.envelope import Client, Encryption, Envelope
from gomail.events import (
    CertificateChanged,
    Checked,
    ContentDropped,
    Copy,
    Event,
    HealthChanged,
    Junked,
    LeftOut,
    LoadChanged,
    Measured,
    MessageStored,
    Refusal,
    Said,
    SessionEnded,
    SessionStarted,
    Trouble,
)
from gomail.finding import Finding, Property
from gomail.health import Health, Reason, Share, State, Storing
from gomail.reply import NO_SUCH_MAILBOX, SHUTTING_DOWN, Reply

CLIENT = Client("0123456789", "192.0.2.1", 40695, "client.example", esmtp=True)
ENVELOPE = Envelope(
    "0123456789.1",
    CLIENT,
    Path(Address("me", "client.example")),
    forward_paths=(Path(Address("you", "here.example")),),
)
STORED = MessageStored(ENVELOPE, (Copy("you", "/mail/new/1"),), 1234, 0.0125)
CHECKED = Checked(
    ENVELOPE,
    (
        Finding("spf", "pass", (Property("smtp", "mailfrom", "client.example"),)),
        Finding(
            "dmarc",
            "permerror",
            (Property("header", "from", "a.example"), Property("header", "from", "b.example")),
            "From names several domains",
        ),
    ),
    "junk",
    "dmarc-permerror",
    (("refuse", "spf-fail"),),
)
ENDED = SessionEnded(CLIENT, "ehlo=1 mail=1 rcpt=1/2 data=1 quit=1", 1.5, 2048)
REFUSED = Refusal(CLIENT, b"RCPT TO:<no@here.example>", NO_SUCH_MAILBOX, "nobody of that name")

_texts = st.text(max_size=300)
_octets = st.binary(max_size=300)
_encryptions = st.none() | st.builds(Encryption, st.just("TLSv1.3"), st.just("AES"), st.just(256))
_clients = st.builds(
    Client,
    st.just("0123456789"),
    st.none() | st.sampled_from(["192.0.2.1", "2001:db8::1"]),
    st.just(40695),
    _texts,
    encryption=_encryptions,
)
_addresses = st.builds(
    lambda local, domain: Path(Address(local, domain)), _texts.filter(bool), _texts.filter(bool)
)
_paths = st.just(NULL_PATH) | _addresses
_envelopes = st.builds(
    Envelope, st.just("0123456789.1"), _clients, _paths, forward_paths=st.tuples(_addresses)
)
_counts = st.lists(st.tuples(st.just("refused"), st.integers(1)), max_size=1).map(tuple)
_replies = st.sampled_from([NO_SUCH_MAILBOX, SHUTTING_DOWN, Reply(550, "", "two\nlines")])
_seconds = st.floats(0, 10**6)
_reasons = st.builds(
    Reason, st.just("disk-full"), st.sampled_from([State.DEGRADED, State.FAILING]), _texts
)

any_event: st.SearchStrategy[Event] = st.one_of(
    st.builds(SessionStarted, _clients),
    st.builds(Said, _clients, st.sampled_from("CS"), _octets),
    st.builds(Refusal, _clients, _octets, _replies, _texts),
    st.builds(
        MessageStored,
        _envelopes,
        st.tuples(st.builds(Copy, _texts, _texts)),
        st.integers(0),
        _seconds,
        st.integers(0),
    ),
    st.builds(
        Checked,
        _envelopes,
        st.tuples(
            st.builds(
                Finding, _texts, _texts, st.tuples(st.builds(Property, *[_texts] * 3)), _texts
            )
        ),
        _texts,
        _texts,
        st.tuples(st.tuples(_texts, _texts)),
    ),
    st.builds(ContentDropped, _envelopes, _texts),
    st.builds(Junked, _envelopes, _texts),
    st.builds(Trouble, _texts),
    st.builds(LoadChanged, st.sampled_from(["normal", "busy", "overload"]), _seconds, _seconds),
    st.builds(HealthChanged, st.builds(Health, st.lists(_reasons).map(tuple))),
    st.builds(
        LeftOut, st.lists(st.tuples(st.just("refused"), st.integers(1)), max_size=1).map(tuple)
    ),
    st.builds(
        Measured,
        _seconds,
        st.just(Share(1, 2)),
        storing=st.builds(Storing, fault=_texts, latency=_seconds),
    ),
    st.builds(CertificateChanged, st.tuples(_texts), st.datetimes(), _texts),
    st.builds(SessionEnded, _clients, st.just("helo=1 rcpt=1/2"), _seconds, st.integers(0), _texts),
)
