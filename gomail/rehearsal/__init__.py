"""A session tried: by the real dialogue, reception and checks, with nothing stored at its end."""
