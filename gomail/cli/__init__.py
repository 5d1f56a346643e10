"""The ``gomail`` command."""
