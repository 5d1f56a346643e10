"""Programs that serve: gomail in ways that it is not shipped in, and libraries made servers."""
