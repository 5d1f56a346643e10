"""The control socket: what a running server is asked, and what it tells those who follow it."""
