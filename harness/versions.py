"""Versions of everything that takes part in a verdict."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import engine


def versions() -> dict[str, str]:
    """Versions by component, Fencepost's own first."""
    return {
        "fencepost": _version("fencepost"),
        **engine.versions(),
        "wasmtime (reference)": _version("wasmtime"),
        "python": platform.python_version(),
        "platform": f"{platform.system().lower()}-{platform.machine()}",
    }


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"
