"""DMARC (RFC 9989): what the domain in From asks for, and whether the message is its own."""
