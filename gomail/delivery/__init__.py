"""Where messages go: into Maildirs, durably, in batches, off the reactor."""
