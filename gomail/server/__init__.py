"""What runs around the dialogue: listeners and their ports, the log, the start and the stop."""
