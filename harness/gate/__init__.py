"""The gate: known cases again, then a short campaign, and one answer that CI can act on.

Start with `harness/gate/judgement.py`, then `run.py`; the other modules say the same report
in the formats of others.
"""
