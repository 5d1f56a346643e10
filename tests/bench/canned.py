"""Results that nobody measured, to test what is made of them."""

from bench.results import Results, Round


def results() -> Results:
    """Give two rounds of three servers, one of which failed once."""
    rounds = [
        Round("small", "gomail", 0, {"rate": 1900.0, "p99 ms": 19.0}),
        Round("small", "postfix", 0, {"rate": 500.0, "p99 ms": 30.0}),
        Round("small", "smtp-sink", 0, {"rate": 8000.0}),
        Round("small", "gomail", 1, {"rate": 2100.0, "p99 ms": 21.0}),
        Round("small", "postfix", 1, failed="3 files were acknowledged, 2 are stored"),
        Round("small", "smtp-sink", 1, {"rate": 9000.0}),
        Round("lone", "gomail", 0, {"ratio": 1.25, "dot p50 ms": 1.0}),
    ]
    machine = {"date": "2026-11-27 12:00 UTC", "cores": "2"}
    return Results(machine, {"gomail": "0.1.0"}, {"rounds": "2"}, {"exim": "not here"}, rounds)
