"""Settings written as a file, and the same when they are read again."""

import tomllib
from dataclasses import fields
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gomail.certificates.wanted import Files
from gomail.checks.policy import RULES, Action, Rule
from gomail.config import Configuration, Listener, load, render
from gomail.limits import DEFAULT_LIMITS, Limits
from gomail.recipients.domain import Domain
from gomail.settings.bounds import read_limit
from gomail.settings.reading import read_table
from gomail.settings.values import TLS, Checks, Metrics, Milter, Rules
from tests.settings.files import written

signs = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
words = st.text(signs, min_size=1)
sockets = st.text(signs, min_size=1, max_size=20)  # a path of one has up to 107 octets
names = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
hosts = st.lists(names, min_size=1, max_size=3).map(".".join)
domains = st.builds(
    Domain,
    mailboxes=st.none()
    | st.lists(words).map(tuple)
    | names.map("/srv/{}".format)
    | names.map("sqlite:/srv/{}".format),
    catch_all=st.none() | words,
    subaddress_separator=st.sampled_from(["", "+", "-", "#"]),
    aliases=st.dictionaries(words, st.lists(words).map(tuple), max_size=3),
)


def limit(name: str) -> st.SearchStrategy[float]:
    """Any value that this limit may have."""
    numbers: st.SearchStrategy[float] = st.integers(0, 10**6)
    if Limits.__annotations__[name] is float:
        numbers |= st.floats(0, 10**6)

    def fits(number: float) -> bool:
        try:
            return read_limit(name, number) == number
        except ValueError:
            return False

    return numbers.filter(fits) | st.just(getattr(DEFAULT_LIMITS, name))


def actions(rule: Rule) -> st.SearchStrategy[Action]:
    """Give what may follow where a rule holds."""
    allowed = list(Action)
    return st.sampled_from(allowed[: allowed.index(rule.strictest) + 1])


configurations = st.builds(
    Configuration,
    hostname=hosts,
    maildir=names.map("/srv/{}/{{domain}}/{{mailbox}}".format),
    trusted=st.lists(st.sampled_from(["unix", "192.0.2.0/24", "2001:db8::/32"])).map(tuple),
    listeners=st.lists(
        st.builds(
            Listener,
            st.integers(0, 65535).map("tcp:{}".format) | words.map("unix:{}".format),
            st.booleans(),
            st.sampled_from(["store", "refuse"]),
            st.sampled_from(["offered", "required", "off"]),
            st.lists(st.sampled_from(["unix", "10.0.0.0/8", "2001:db8::/32"])).map(tuple),
        ),
        min_size=1,
    ).map(tuple),
    domains=st.dictionaries(hosts, domains, max_size=3),
    limits=st.builds(Limits, **{each.name: limit(each.name) for each in fields(Limits)}),
    log_format=st.sampled_from(["text", "json"]),
    tls=st.booleans().map(lambda tickets: TLS(session_tickets=tickets))
    | st.builds(TLS, words, words, st.lists(st.builds(Files, words, words)).map(tuple)),
    state=st.none() | words,
    group=st.none() | words,
    sync=st.sampled_from(["files", "filesystem"]),
    storing=st.sampled_from(["process", "thread"]),
    workers=st.integers(1, 256),
    checks=st.builds(
        Checks,
        st.none() | st.booleans(),
        st.lists(st.sampled_from(["127.0.0.1:53", "[2001:db8::1]:5353"])).map(tuple),
        st.none() | hosts,
        st.lists(hosts).map(tuple),
    ),
    backup_mx=st.lists(hosts).map(tuple),
    metrics=st.builds(Metrics, st.none() | words.map("unix:{}".format)),
    milters=st.lists(
        st.builds(
            Milter,
            sockets.map("unix:/run/{}".format)
            | st.integers(1, 65535).map("tcp:192.0.2.1:{}".format),
            st.sampled_from(["accept", "defer"]),
            *[st.integers(1, 50).map(float) | st.floats(1, 50)] * 3,
            st.none() | st.just("X-Spam: Yes"),
        )
    ).map(tuple),
    policy=st.builds(
        Rules,
        st.fixed_dictionaries({rule.name: actions(rule) for rule in RULES}),
        st.lists(st.sampled_from([rule.name for rule in RULES])).map(tuple),
        st.dictionaries(st.sampled_from(["greylist", "my-check"]), st.sampled_from(Action)),
    ),
)


@settings(max_examples=40)
@given(configurations)
def test_what_is_rendered_reads_back(configuration: Configuration) -> None:
    """The settings in effect can be written to a file, and are the same then, in the same order."""
    again = read_table(tomllib.loads(render(configuration)))
    assert again == configuration
    assert list(again.domains) == list(configuration.domains)


def test_the_rendered_defaults_are_a_file(tmp_path: Path) -> None:
    """The whole way, over the disk."""
    assert load(written(tmp_path, render(Configuration()))) == Configuration()
