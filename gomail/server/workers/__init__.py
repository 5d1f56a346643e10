"""Several server processes on the same sockets: a parent that holds these, and its workers."""
