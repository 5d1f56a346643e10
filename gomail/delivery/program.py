"""The delivery agent as a program: the command that starts it."""

from gomail import program
from gomail.delivery.agent import FILESYSTEM


def command(*, filesystem: bool = False) -> list[str]:
    """Give the command of the agent."""
    return program.command("gomail.delivery.agent", *([FILESYSTEM] if filesystem else []))
