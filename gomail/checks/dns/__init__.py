"""Questions to DNS, and answers: from a resolver nearby, or out of a file."""
