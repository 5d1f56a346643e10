"""The servers that are measured, one small adapter each."""
