"""Hostile text made harmless for a line of a terminal or a log.

Names of modules and exports, and even of files, are chosen by whoever wrote the program
under test, and evidence repeats them. What prints them must not let them end a line, move
a cursor, reorder text or, in the log of a CI job, give commands. A GitHub runner takes a
line for a command if it starts with ``::`` after spaces, or has ``##[`` anywhere; callers
see to the first by starting each line with a word of their own.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """The text on one line: what is not printable is escaped as Python does it."""
    shown = "".join(char if char.isprintable() else _escaped(char) for char in text)
    return shown.replace("##[", "##\\[")


def quoted_lines(text: str) -> list[str]:
    """The lines of a text, each printable and marked as quoted."""
    return [f"  | {printable(line)}" for line in text.splitlines()]


def encodable(text: str) -> str:
    """The text with what UTF-8 cannot hold, such as bytes of a file name, replaced."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
