"""Statistics as JSON and back, so that a resumed campaign counts on where it ended.

The fields are read off the class: what statistics count may change without a word here.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from harness.statistics import Statistics

if TYPE_CHECKING:
    from cattrs.preconf.json import JsonConverter


def to_state(statistics: Statistics) -> dict[str, Any]:
    """All that the statistics hold."""
    state: dict[str, Any] = _converter().unstructure(statistics)
    return state


def from_state(state: dict[str, Any]) -> Statistics:
    """The statistics that `to_state` was given.

    Raises:
        ValueError: it gave something else; another version of Fencepost did, perhaps.
    """
    try:
        return _converter().structure(state, Statistics)
    except Exception as error:  # cattrs raises groups of whatever its hooks raise
        raise ValueError(f"not statistics of this version: {error}") from error


@cache
def _converter() -> JsonConverter:
    from cattrs.preconf.json import make_converter  # noqa: PLC0415 (heavy)

    return make_converter()
