"""What we think of a message: who sent it, and what the domains that it names say of that."""
