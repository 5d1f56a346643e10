"""Certificates for the command that shows them, and the command itself."""

from datetime import timedelta

from click.testing import CliRunner, Result

from gomail.certificates.keeper import world_time
from gomail.certificates.pair import Pair
from gomail.cli.certificates import certificates
from tests.certificates.pairs import pair


def lasting(*names: str) -> Pair:
    """Make a pair that ends in some weeks."""
    return pair(*names, ends=world_time() + timedelta(days=50.5))


def run(*words: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(certificates, words)
