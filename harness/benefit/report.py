"""The files of a comparison, which are also what another session goes on from.

`comparison.json` is written again every few seconds, whole or not at all, so that whatever ends
a comparison costs those seconds. It names what it is of; another session goes on only with
the same attacks, on the same modules, by the same versions.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from xxhash import xxh3_64

from harness.benefit.picture import draw
from harness.benefit.tally import Tally
from harness.errors import FileError, UsageError, from_os
from harness.outputs import Output, write_all
from harness.versions import versions

if TYPE_CHECKING:
    from pathlib import Path

    from harness.benefit.plans import Comparison
    from harness.errors import FencepostError

REPORT, PICTURE = "comparison.json", "comparison.svg"
ATTACKS = {"confuse": "confusions", "corrupt": "corruptions"}


@dataclass(frozen=True, slots=True)
class Report:
    """A comparison in words and numbers, of which only the counts change."""

    comparison: Comparison

    @property
    def identity(self) -> dict[str, Any]:
        """What decides on the attacks and on what they do."""
        modules = xxh3_64()
        for case in self.comparison.corpus:
            modules.update(case.wasm)
            modules.update(repr(case.calls).encode())
        return {
            "seed": self.comparison.seed,
            "generator": self.comparison.generator,
            "max_memory": self.comparison.max_memory,
            "corpus": {"modules": len(self.comparison.corpus), "hash": modules.hexdigest()},
            "versions": versions(),
        }

    @property
    def origin(self) -> str:
        """The same in a line for people."""
        of = self.identity
        parts = (f"{name} {version}" for name, version in of["versions"].items())
        corpus = of["corpus"]["modules"]
        return f"generator {of['generator']}, seed {of['seed']}, {corpus} modules in the corpus; {', '.join(parts)}"

    def to_json(self, tally: Tally, *, interrupted: bool) -> str:
        """All counts."""
        return json.dumps({**self.identity, "interrupted": interrupted, **tally.to_json()}, indent=2)

    def write(self, folder: Path, tally: Tally, *, interrupted: bool) -> FencepostError | None:
        """Writes both files; gives the first error, when what could be written is written."""
        attacks = ATTACKS[self.comparison.generator]
        title = f"{tally.all.total:,} {attacks} on two layouts: the worst that each did, in %"
        outputs = [
            Output(folder / REPORT, "report", self.to_json(tally, interrupted=interrupted) + "\n"),
            Output(folder / PICTURE, "picture", draw(tally, f"{title} (seed {self.comparison.seed})")),
        ]
        return next(iter(write_all(outputs)), None)

    def read(self, folder: Path) -> Tally:
        """What earlier sessions have counted.

        Raises:
            FileError: there is no such report in the folder, or it is damaged.
            UsageError: it is of another comparison.
        """
        path = folder / REPORT
        try:
            data = json.loads(path.read_bytes())
            tally = Tally.from_json(data)
        except OSError as error:
            raise from_os(error, str(path), "read the report", hint="begin without --resume") from None
        except (KeyError, TypeError, ValueError, RecursionError) as error:
            hint = "begin without --resume"
            raise FileError(f"not a report of this version: {error!r}", str(path), hint) from None
        for name, ours in self.identity.items():
            if data.get(name) != ours:
                raise UsageError(f"the report is of another {name}", str(path), "begin without --resume")
        return tally
