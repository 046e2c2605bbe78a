"""Generators: they make cases out of entropy. Start with `generators.protocol`."""
