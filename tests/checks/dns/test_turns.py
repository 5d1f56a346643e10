"""Places for questions: whoever keeps his for long keeps nobody from having one."""

import pytest

from gomail.checks.dns.turns import Turns


class Questions:
    """
    Questions, and the places for them.

    Attributes:
        begun: client and number of each question that has a place.
    """

    def __init__(self, places: int) -> None:
        self.turns = Turns(places)
        self.begun: list[tuple[str, int]] = []
        self.waiting: dict[tuple[str, int], Question] = {}

    def ask(self, client: str, number: int = 0) -> None:
        """Have a client ask."""
        self.waiting[client, number] = question = Question(self, number)
        self.turns.ask(client, question)

    def end(self, client: str) -> None:
        """Have a client's oldest question answered."""
        self.begun.remove(next(each for each in self.begun if each[0] == client))
        self.turns.give_back(client)

    def has(self, client: str) -> int:
        """Tell how many places a client has."""
        return sum(each == client for each, _ in self.begun)


class Question:
    """One of them."""

    def __init__(self, questions: Questions, number: int) -> None:
        self._questions = questions
        self._number = number

    def begin(self, client: str) -> None:
        """Have a place."""
        self._questions.turns.leave(client, self)
        self._questions.begun.append((client, self._number))


def flooded(questions: Questions, clients: int) -> None:
    """Have clients ask a hundred questions each that nobody answers, by turns."""
    for number in range(100):
        for client in range(clients):
            questions.ask(f"slow {client}", number)


@pytest.mark.parametrize("clients", [1, 2, 9, 40, 99])
def test_there_is_a_place_for_who_comes_next(clients: int) -> None:
    """However many others ask what nobody answers, as long as there are more places than them."""
    questions = Questions(100)
    flooded(questions, clients)
    questions.ask("honest")
    assert questions.has("honest") == 1
    assert len(questions.begun) <= 100


@pytest.mark.parametrize(("clients", "each"), [(1, {50}), (3, {25}), (9, {10}), (99, {1})])
def test_clients_have_equal_shares(clients: int, each: set[int]) -> None:
    """And one share stays free."""
    questions = Questions(100)
    flooded(questions, clients)
    assert {questions.has(f"slow {client}") for client in range(clients)} == each


def test_more_clients_than_places_take_turns() -> None:
    """Whoever comes waits for one question of each other client, however many these have."""
    questions = Questions(10)
    flooded(questions, 30)
    assert len(questions.begun) == 10
    questions.ask("honest", 1)
    questions.ask("honest", 2)
    for _ in range(30):
        questions.end(questions.begun[0][0])
        assert questions.has("honest") == 0
    questions.end(questions.begun[0][0])
    assert questions.begun[-1] == ("honest", 1)


def test_questions_of_a_client_go_out_in_order() -> None:
    """And each place that is given back is taken again."""
    questions = Questions(4)
    for number in range(6):
        questions.ask("a", number)
    for _ in range(4):
        assert len(questions.begun) == 2
        questions.end("a")
    assert questions.begun == [("a", 4), ("a", 5)]


def test_who_leaves_has_no_turn() -> None:
    """What waits no longer takes no place."""
    questions = Questions(2)
    for number in range(3):
        questions.ask("a", number)
    questions.turns.leave("a", questions.waiting["a", 1])
    questions.end("a")
    assert questions.begun == [("a", 2)]
    questions.end("a")
    assert not questions.turns._taken
    assert not questions.turns._waiting
    assert questions.turns._free == 2


def test_questions_that_end_at_once_are_no_recursion() -> None:
    """Ten thousand that wait behind one, and each of which fails as soon as it begins."""
    turns = Turns(1)
    ended: list[int] = []

    class Brief:
        """Ends as soon as it begins, but for the first."""

        def __init__(self, number: int) -> None:
            self.number = number

        def begin(self, client: str) -> None:
            turns.leave(client, self)
            ended.append(self.number)
            if self.number:
                turns.give_back(client)

    for number in range(10_000):
        turns.ask("a", Brief(number))
    assert ended == [0]
    turns.give_back("a")
    assert ended == list(range(10_000))
