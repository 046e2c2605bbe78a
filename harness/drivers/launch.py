"""The first code of a worker process: it hands over to the driver of its job.

The job comes as bytes, since to unpickle it imports most of the harness, and the atheris
driver must instrument those modules while they are imported. So this module imports
nothing of ours before it knows.
"""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from harness.worker import Place


def launch(driver: str, job: bytes, connection: Connection, at: Place, parent: int) -> None:
    """Runs a worker to its end.

    Args:
        driver: ``prng`` or ``atheris``.
        job: a pickled `harness.worker.Job`.
        connection: where messages go.
        at: where to say which case it is at.
        parent: the process that this one must not outlive.
    """
    if driver == "atheris":
        from harness.drivers.atheris_worker import work  # noqa: PLC0415 (instruments)
    else:
        from harness.worker import work  # noqa: PLC0415 (see above)
    work(pickle.loads(job), connection, at, parent)  # noqa: S301 (from our own parent)
