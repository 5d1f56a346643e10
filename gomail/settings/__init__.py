"""The settings: what can be set, read out of a TOML table, changed by options, written as TOML."""
