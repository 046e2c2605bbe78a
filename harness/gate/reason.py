"""The reason for accepting a finding: what a reader a year from now goes by.

A finding counts as explained when its reason names the cause, which no program can check;
what can be checked is that somebody wrote a sentence and not a placeholder.
"""

from __future__ import annotations

import re

LEAST_WORDS = 3
PLACEHOLDER = re.compile(r"\b(?:to-?do|fix-?me|tbd|xxx+|lorem|asdf|placeholder)\b", re.IGNORECASE)


def fault_of(reason: str) -> str:
    """What is wrong with a reason; empty if nothing is."""
    if not reason.strip():
        return "a reason is needed"
    if not reason.isprintable():
        return "a reason is one line of plain text"
    if PLACEHOLDER.search(reason):
        return f"{reason!r} is a placeholder, not a reason"
    if len(re.findall(r"\w+", reason)) < LEAST_WORDS:
        return f"{reason!r} is too short for a reason"
    return ""


HINT = "name the cause, as in: --reason 'cranelift 0.135.8 drops the displacement of an i128 store'"
