"""The validation part of ValiMail's ARC test suite."""

from pathlib import Path

import pytest
import yaml

from tests.checks.signing import Zone, verify

DATA = Path(__file__).parents[1] / "data" / "arc"
# The loader in C reads it in a tenth of the time; it is there in every wheel.
SCENARIOS = list(
    yaml.load_all((DATA / "arc-draft-validation-tests.yml").read_bytes(), yaml.CSafeLoader)
)
CASES = [
    pytest.param(case, scenario.get("txt-records") or {}, id=f"{at}-{name}")
    for at, scenario in enumerate(SCENARIOS)
    for name, case in scenario["tests"].items()
]
# A chain that says of itself that it is broken has no state in the suite, which was made for a
# draft, and is a fail in RFC 8617 §5.2, step 2.
EXPECTED = {"None": "none", None: "none", "Pass": "pass", "Fail": "fail", "": "fail"}


def test_all_cases_are_here() -> None:
    """None was lost on the way."""
    assert len(CASES) == 171


@pytest.mark.parametrize(("case", "records"), CASES)
def test_chain_is_judged_as_the_suite_says(case: dict, records: dict) -> None:
    """The state of the chain is the expected one."""
    message = (case["message"] or "").encode()
    *_, arc = verify(message, Zone(records))
    assert arc.method == "arc"
    assert arc.result == EXPECTED[case["cv"]], arc


@pytest.mark.parametrize("name", ["stalwart-001.txt", "stalwart-002.txt"])
def test_chain_of_real_mail_holds(name: str) -> None:
    """Google and Microsoft have sealed it."""
    keys, _, message = (DATA / name).read_bytes().partition(b"\n\n")
    records = (line.partition(" ") for line in keys.decode().splitlines())
    zone = Zone({name: text for name, _, text in records})
    *_, arc = verify(message.replace(b"\r\n", b"\n"), zone, now=1667893878)
    assert arc.result == "pass", arc
