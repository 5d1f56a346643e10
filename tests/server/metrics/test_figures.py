"""Figures add up, and histograms are as Prometheus has them."""

from gomail.server.metrics.figures import BOUNDS, Figures, add, buckets, histogram, summed


def test_histogram_counts_what_is_at_most_each_bound() -> None:
    """A bound is among what it bounds; the last bucket has all."""
    counted = histogram()
    for seconds in (0.0, 0.001, 0.0011, 0.2, 60.0, 61.5):
        add(counted, seconds)
    found, total = buckets(counted)
    assert found[0] == ("0.001", 2)
    assert found[1] == ("0.0025", 3)
    assert dict(found)["0.25"] == 4
    assert found[-2:] == [("60.0", 5), ("+Inf", 6)]
    assert len(found) == len(BOUNDS) + 1
    assert round(total, 4) == 121.7021


def test_figures_of_several_add_up() -> None:
    """Tables by their labels, histograms place by place; nothing that went in is changed."""
    one, other = histogram(), histogram()
    add(one, 0.5)
    add(other, 0.5)
    add(other, 70)
    parts: list[Figures] = [
        {"a": {("x",): 1, ("y",): 2}, "h": one},
        {"a": {("y",): 3}, "h": other},
        {},
    ]
    found = summed(parts)
    assert found["a"] == {("x",): 1, ("y",): 5}
    pairs, total = buckets(found["h"])  # type: ignore[arg-type]  # a list
    assert (dict(pairs)["0.5"], pairs[-1][1], total) == (2, 3, 71)
    assert parts[0]["a"] == {("x",): 1, ("y",): 2}
    assert sum(one) == 1.5
    assert summed([]) == {}
