"""gomail beside other servers, on this machine: ``make bench``. README.md says what is what."""
