"""`--metrics-port N`: the statistics of a campaign for Prometheus, on the loopback interface only.

The server's thread sees snapshots only, so the campaign needs no lock.
"""

from __future__ import annotations

from socketserver import ThreadingTCPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, MetricsHandler
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from harness.errors import from_os
from harness.health import workers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from harness.statistics import Statistics

LOOPBACK = "127.0.0.1"
SNAPSHOT_SECONDS = 1.0


class _Server(ThreadingTCPServer):
    """Not `http.server`'s: that one asks the resolver for its own name, which can take seconds."""

    allow_reuse_address = True
    daemon_threads = True


class MetricsServer(Collector):
    """Serves the last snapshot until it is closed.

    Args:
        port: 0 for any that is free.

    Raises:
        EnvironmentFailure: the port is not to be had.
    """

    def __init__(self, port: int) -> None:
        self._snapshot: dict[str, Any] = {}
        registry = CollectorRegistry()
        registry.register(self)
        try:
            self._server = _Server((LOOPBACK, port), MetricsHandler.factory(registry))
        except OSError as error:
            hint = "name another port, or 0 for any"
            raise from_os(error, f"{LOOPBACK}:{port}", "serve metrics", hint=hint) from None
        self._thread = Thread(target=self._server.serve_forever, name="fencepost-metrics", daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it can be scraped."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}/metrics"

    def update(self, statistics: Statistics, elapsed: float) -> None:
        """Takes a snapshot if the last one is old."""
        if not self._snapshot or elapsed - self._snapshot["elapsed"] >= SNAPSHOT_SECONDS:
            rss = {str(worker.pid): worker.rss_bytes for worker in workers()}
            self._snapshot = statistics.to_json(elapsed) | {"rss": rss}

    def close(self) -> None:
        """Stops serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def collect(self) -> Iterator[Metric]:
        """What a scrape gets."""
        snapshot = self._snapshot
        if snapshot:
            yield from _totals(snapshot)
            yield from _by_name(snapshot)


def _totals(snapshot: Mapping[str, Any]) -> Iterator[Metric]:
    """Metrics of the whole campaign."""
    honesty = snapshot["honesty"]
    yield GaugeMetricFamily("fencepost_uptime_seconds", "Time since the start.", snapshot["elapsed"])
    yield CounterMetricFamily("fencepost_cases", "Cases done.", snapshot["cases"])
    yield CounterMetricFamily("fencepost_decided", "Cases with an answer.", snapshot["decided"])
    yield CounterMetricFamily("fencepost_findings", "Cases with a finding.", snapshot["findings"])
    yield CounterMetricFamily(
        "fencepost_fault_triggered", "Cases that triggered the planted fault.", snapshot["fault_triggered"]
    )
    yield GaugeMetricFamily("fencepost_finding_keys", "Kinds of findings.", len(snapshot["keys"]))
    yield GaugeMetricFamily("fencepost_corpus_seeds", "Seeds to draw from.", snapshot["corpus"])
    yield GaugeMetricFamily("fencepost_median_ops", "Median of executed ops in a case.", honesty["median_ops"])
    for what in ("memory_access", "indirect_call", "collection", "trap"):
        words = f"Share of cases with a {what.replace('_', ' ')}."
        yield GaugeMetricFamily(f"fencepost_{what}_ratio", words, honesty[f"{what}_share"])


def _by_name(snapshot: Mapping[str, Any]) -> Iterator[Metric]:
    """Metrics with a label."""
    generators = snapshot["generators"]
    cases = {name: figures["cases"] for name, figures in generators.items()}
    decided = {name: figures["decided"] for name, figures in generators.items()}
    yield _counter("fencepost_verdicts", "Cases by verdict.", "verdict", snapshot["verdicts"])
    yield _counter("fencepost_undecided", "Undecided cases by reason.", "reason", snapshot["reasons"])
    yield _counter("fencepost_untranslated", "CLIF without Wasm by reason.", "reason", snapshot["untranslated"])
    yield _counter("fencepost_oracle_verdicts", "Verdicts that are not clean.", "oracle", snapshot["oracles"])
    yield _counter("fencepost_generator_cases", "Cases by generator.", "generator", cases)
    yield _counter("fencepost_generator_decided", "Cases with an answer.", "generator", decided)
    yield _counter("fencepost_stage_seconds", "Worker time.", "stage", snapshot["seconds_by_stage"])
    yield _counter("fencepost_workers_replaced", "Workers replaced.", "cause", snapshot["workers_replaced"])
    yield _gauge("fencepost_covered", "What the programs contain of the catalogue.", "kind", snapshot["covered"])
    yield _gauge("fencepost_worker_rss_bytes", "Memory of a worker.", "pid", snapshot["rss"])


def _counter(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = CounterMetricFamily(name, words, labels=[label])
    for value, number in values.items():
        metric.add_metric([value], number)
    return metric


def _gauge(name: str, words: str, label: str, values: Mapping[str, float]) -> Metric:
    metric = GaugeMetricFamily(name, words, labels=[label])
    for value, number in values.items():
        metric.add_metric([value], number)
    return metric
