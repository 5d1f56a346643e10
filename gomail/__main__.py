"""``python -m gomail`` is the ``gomail`` command."""

from gomail.cli.main import main

main(prog_name="gomail")
