"""Clients behind a proxy, which names them in front of what they say: HAProxy's PROXY protocol."""
