"""The machine that the server is to run on: what can be known of it without asking anybody."""
