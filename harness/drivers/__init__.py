"""Drivers: who decides which entropy the next case is made of.

``prng`` draws it from the campaign's seed; ``atheris`` leaves it to libFuzzer, which keeps
what reaches new code of the harness. Both end in the same `harness.worker.Reporter`. Start
with `harness.drivers.launch`.

To add one: an `Entropy` for which the same input gives the same decisions, as those of
`generators/entropy.py`; a source that makes its cases again from an index
(`harness/source.py`), and a loop around the reporter, begun by `launch`; its name in
`DRIVERS` of `harness/commands/fuzz.py`; tests that Ctrl-C and a crash of the worker keep
what was found.
"""
