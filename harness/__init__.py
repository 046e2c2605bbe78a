"""The harness: cases in, verdicts out, and everything around that. Start with `harness.check`."""
