"""Units for systemd: their texts, what is filled into them, and how they are put in their place."""
