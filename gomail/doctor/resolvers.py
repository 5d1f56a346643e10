"""The resolvers that the server's checks ask: whether they answer."""

from collections.abc import Iterator, Mapping, Sequence

import dns.exception
import dns.message
import dns.query
import dns.rcode

from gomail.checks.servers import Server
from gomail.doctor.finding import Finding, Severity, Told

SECONDS = 5.0


def ask(servers: Sequence[Server], seconds: float = SECONDS) -> dict[Server, str | None]:
    """Ask each for the servers of the root; give why not, where one does not answer that."""
    return {server: _ask(server, seconds) for server in servers}


def _ask(server: Server, seconds: float) -> str | None:
    """Ask one, and once more if nothing comes, as a packet may get lost."""
    # Everybody has them in the cache, and no cache learns anything wrong.
    query = dns.message.make_query(".", "NS")
    for _ in range(2):
        try:
            answer, _ = dns.query.udp_with_fallback(query, server.ip, seconds / 2, server.port)
        except dns.exception.Timeout:
            continue
        except (OSError, EOFError, dns.exception.DNSException) as error:
            return getattr(error, "strerror", None) or type(error).__name__
        if answer.rcode() == dns.rcode.NOERROR:
            return None
        return dns.rcode.to_text(answer.rcode())
    return "it does not answer"


def examine_resolvers(answers: Mapping[Server, str | None], *, named: bool) -> Told:
    """Find resolvers that don't answer; *named* is whether the configuration names them."""
    checked = tuple(
        f"the resolver {server.ip}: {'it answers' if why is None else why}"
        for server, why in answers.items()
    )
    return Told(tuple(_findings(answers, named=named)), checked)


def _findings(answers: Mapping[Server, str | None], *, named: bool) -> Iterator[Finding]:
    """Find it: those who ask turn to the next one, so it is grave where there is no other."""
    failing = {server: why for server, why in answers.items() if why is not None}
    if not failing:
        return
    none = len(failing) == len(answers)
    yield Finding(
        "resolver-dead" if none else "resolver-silent",
        Severity.WARNING,
        "the resolvers answer: by DNS it is found out who has sent a message; where none does, all "
        "mail is taken, and nobody's is checked",
        tuple(f"{server.ip}: {why}" for server, why in failing.items()),
        "name one that answers, or leave the setting out for this machine's own:"
        if named
        else "see who should answer, and name one that does in /etc/resolv.conf, or in the "
        "configuration, such as an unbound on this machine:",
        ("[checks]", 'resolvers = ["127.0.0.1"]')
        if named
        else ("resolvectl status || cat /etc/resolv.conf", "[checks]", 'resolvers = ["127.0.0.1"]'),
    )
