"""What puts servers under load, each a process of its own that prints one line of JSON."""
