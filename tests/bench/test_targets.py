"""Floors and goals: what is met is said to be met, and nothing else is."""

import math

import pytest

from bench.peers.table import PEERS
from bench.running import BARE, NAMES, peers_of
from bench.targets import TARGETS, Target
from tests.bench.canned import results

RATIO = Target("small", "gomail", "rate", 3, 5, "postfix")
MOST = Target("small", "gomail", "p99 ms", 20, at_most=True)


@pytest.mark.parametrize(
    ("value", "verdict"),
    [
        (2.9, "below the floor"),
        (3.0, "floor met, goal not"),
        (5.0, "goal met"),
        (math.nan, "not measured"),
    ],
)
def test_verdict_of_a_ratio(value: float, verdict: str) -> None:
    """More is better, and a bound itself is enough."""
    assert RATIO.verdict(value) == verdict


@pytest.mark.parametrize(("value", "verdict"), [(20.0, "floor met"), (20.1, "below the floor")])
def test_verdict_of_what_must_not_be_exceeded(value: float, verdict: str) -> None:
    """Less is better where time or memory is measured."""
    assert MOST.verdict(value) == verdict


def test_values_come_from_medians() -> None:
    """A ratio is of two medians of the same workload."""
    assert RATIO.value(results()) == 4
    assert MOST.value(results()) == 20


@pytest.mark.parametrize("target", TARGETS, ids=lambda each: f"{each.workload}: {each.figure}")
def test_target_is_of_what_is_measured(target: Target) -> None:
    """Whoever a target speaks of takes part in its workload."""
    assert target.workload in NAMES
    those = {target.peer} | ({target.other} if target.other else set())
    assert those <= set(peers_of(target.workload))
    assert those <= {*PEERS, BARE}
