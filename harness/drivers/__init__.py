"""Drivers: who decides which entropy the next case is made of.

``prng`` draws it from the campaign's seed; ``atheris`` leaves it to libFuzzer, which keeps
what reaches new code of the harness. Both end in the same `harness.worker.Reporter`. Start
with `harness.drivers.launch`.
"""
