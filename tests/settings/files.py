"""A configuration file for a test."""

from pathlib import Path


def written(folder: Path, text: str) -> str:
    """Write a file, and give its path."""
    path = folder / "gomail.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)
