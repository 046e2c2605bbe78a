"""Rates over the last seconds of a counter that only grows."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

WINDOW_SECONDS = 10.0


@dataclass(slots=True)
class RecentRate:
    """What a counter has gained per second over about the last `WINDOW_SECONDS`."""

    _points: deque[tuple[float, float]] = field(default_factory=lambda: deque([(0.0, 0.0)]))

    def update(self, now: float, count: float) -> float:
        """Takes a reading, and gives the rate; ``now`` is in seconds and never falls."""
        self._points.append((now, count))
        while len(self._points) > 2 and self._points[1][0] <= now - WINDOW_SECONDS:  # noqa: PLR2004 (both ends)
            self._points.popleft()
        then, before = self._points[0]
        return max(0.0, count - before) / (now - then) if now > then else 0.0
