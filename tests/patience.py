"""
How long a test waits for what ought to happen soon: for a process, a port, a reply, a thread.

Whoever waits goes on as soon as it has happened, so the time matters only where it doesn't
happen, and says nothing about how fast gomail is; a busy machine may take very long to start a
Python. Waits that are themselves what is tested have times of their own.
"""

PATIENCE = 60.0  # seconds
