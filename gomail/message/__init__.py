"""The message: its content as octets, and the trace fields that we put on top of it."""
