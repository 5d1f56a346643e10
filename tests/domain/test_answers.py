"""What servers said, and which of them counts."""

from gomail.domain.answers import Answer, Outcome, Question, Server, View, Zone, exchangers

OLD, NEW, GONE = Server("ns1", "192.0.2.1"), Server("ns2", "192.0.2.2"), Server("ns3", "192.0.2.3")
SOA, MX = Question("a.example", "SOA"), Question("a.example", "MX")


def found(*records: str) -> Answer:
    """Give an answer with records."""
    return Answer(Outcome.FOUND, records, 300)


def view(**cases: Answer) -> View:
    """Give a view in which the servers say these things of MX."""
    servers = {"old": OLD, "new": NEW, "gone": GONE}
    soa = {OLD: found("1"), NEW: found("2"), GONE: Answer(Outcome.SILENT)}
    said = {servers[name]: answer for name, answer in cases.items()}
    return View("a.example", Zone("a.example"), answers={SOA: soa, MX: said})


def test_newest_zone_holds() -> None:
    """Where servers disagree, that of the highest serial is what the owner meant."""
    seen = view(old=found("10 old"), new=found("10 new"), gone=Answer(Outcome.SILENT))
    assert seen.records("a.example", "MX") == ("10 new",)
    assert not seen.agreed("a.example", "MX")
    assert len(seen.told("a.example", "MX")) == 2


def test_who_does_not_know_has_no_say() -> None:
    """Silence is no disagreement, and no knowledge that there is nothing."""
    seen = view(old=found("10 mx"), gone=Answer(Outcome.LAME))
    assert seen.agreed("a.example", "MX")
    assert view(gone=Answer(Outcome.SILENT)).answer("a.example", "MX") is None
    assert not view(gone=Answer(Outcome.SILENT)).agreed("a.example", "MX")
    assert view().records("a.example", "A") == ()


def test_exchangers_are_in_order() -> None:
    """By number, not by text."""
    assert exchangers(["10 b.example", "9 a.example"]) == ((9, "a.example"), (10, "b.example"))


def test_answers_and_servers_are_written_for_people() -> None:
    """Records, or what there is instead; the port where it is not the usual one."""
    assert str(found("10 a", "20 b")) == "10 a, 20 b"
    assert str(Answer(Outcome.EMPTY)) == "no such record"
    assert str(Answer(Outcome.MISSING)) == "no such name"
    assert str(Answer(Outcome.LAME, detail="it answers REFUSED")) == "it answers REFUSED"
    assert str(OLD) == "ns1 (192.0.2.1)"
    assert str(Server("", "192.0.2.1", 5300)) == "192.0.2.1 port 5300"
