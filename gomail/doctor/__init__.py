"""Whether this machine is ready to receive mail: probes look, and pure functions judge."""
