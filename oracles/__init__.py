"""Oracles: they judge outcomes. Start with `oracles.protocol`."""
