"""Python packages: those that Fencepost asks for, in the versions it asks for."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, requires, version
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from harness.doctor.check import Check, State, judged

if TYPE_CHECKING:
    from collections.abc import Iterator

GROUP = "packages"
OPTIONAL = {"atheris": "--driver atheris", "prometheus-client": "--metrics-port", "jinja2": "fencepost report"}
"""What the main job does without, by normalised name, and what it is for."""


def checks() -> Iterator[Check]:
    """The packages of this environment."""
    try:
        wanted = requires("fencepost") or []
    except PackageNotFoundError:
        yield Check(GROUP, "fencepost", State.BROKEN, "not installed", "make build    # or pip install fencepost")
        return
    for requirement in map(Requirement, wanted):
        yield package(requirement, _installed(requirement.name))


def package(requirement: Requirement, installed: str | None) -> Check:
    """One package."""
    purpose = OPTIONAL.get(canonicalize_name(requirement.name), "")
    if requirement.marker is not None and not requirement.marker.evaluate():
        words = f"has no wheel for this Python; without it there is no {purpose}" if purpose else "not needed here"
        return Check(GROUP, requirement.name, State.OK, words)
    fine = installed is not None and requirement.specifier.contains(installed, prereleases=True)
    words = installed or "not installed"
    if not fine:
        words += f", wanted {requirement.specifier}; it is for {purpose or 'the main job'}"
    mend = f"pip install '{requirement.name}{requirement.specifier}'"
    return judged(GROUP, requirement.name, words, mend, fine=fine, vital=not purpose)


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
