"""Prints what development needs, as a requirements file: the project's dependencies and its group ``dev``."""

import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
print(*project["project"]["dependencies"], *project["dependency-groups"]["dev"], sep="\n")
