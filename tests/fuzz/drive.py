"""
One target under atheris: ``python -m tests.fuzz.drive TARGET [options and folders of libFuzzer]``.

What is imported here is instrumented, so that libFuzzer sees which branches an input takes, and
changes those further that take new ones.
"""

import sys

import atheris

INSTRUMENTED = ["gomail", "tomllib"]


def main() -> None:
    """Fuzz, as long as the options say; ends the process."""
    name = sys.argv.pop(1)
    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz.target import find

        target = find(name)
    atheris.Setup(sys.argv, target.check)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
