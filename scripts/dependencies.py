"""Prints what ``pip`` must install for development: the project's dependencies and its group ``dev``."""

import shlex
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
print(shlex.join([*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]))
