"""`fencepost fuzz`: campaigns over generated cases."""

from __future__ import annotations

import json
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.campaign import Budget, Campaign
from harness.commands.options import duration, plan_of, plan_options, size
from harness.commands.summary import summary_lines
from harness.commands.watch import Watch, watch_options
from harness.configuration import continued, digest_of, is_given, to_json
from harness.errors import UsageError
from harness.keeper import Keeper
from harness.pool import Pool, WorkerLimits
from harness.source import GENERATORS, GeneratedSource
from harness.store import Store, fresh_folder, latest_folder
from harness.versions import versions

if TYPE_CHECKING:
    from harness.case import Case
    from harness.plan import Plan


@click.command(
    name="fuzz",
    epilog="""\b
Examples:
  fencepost fuzz --time 60s
  fencepost fuzz --cases 1000 --seed 7 --mode exact
  fencepost fuzz --time 8h --jobs 4 --out nightly
  fencepost fuzz --resume --out nightly --time 2h
  fencepost fuzz --jobs 4 --stats stats.jsonl --metrics-port 9100
  fencepost fuzz --time 10s --fault 02      (must find an escape)
  fencepost fuzz --generator corpus --corpus corpus --cases 100
  fencepost fuzz --generator confuse --corpus corpus --time 60s""",
)
@click.option("--time", "seconds", type=duration, metavar="DURATION", help="Stop after 90s, 10m, 2h.")
@click.option("--cases", type=click.IntRange(min=1), metavar="N", help="Stop after N cases.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of all cases.  [default: drawn]")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Worker processes.")
@click.option(
    "--generator",
    "generators",
    type=click.Choice(GENERATORS),
    multiple=True,
    help="Use this generator only. Repeatable.  [default: wasm]",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="What the generator corpus draws from, and confuse too.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Output folder.  [default: a fresh one]")
@click.option("--resume", is_flag=True, help="Go on with the campaign in --out.  [default: the latest]")
@click.option(
    "--case-time",
    type=duration,
    default="60s",
    show_default=True,
    metavar="DURATION",
    help="A case that takes longer is a hang.",
)
@click.option(
    "--worker-memory",
    type=size,
    default="2GiB",
    show_default=True,
    metavar="SIZE",
    help="A worker is replaced at half of it, and killed above it.",
)
@plan_options
@click.option("--json", "as_json", is_flag=True, help="Print the statistics as JSON on standard output.")
@watch_options
@click.pass_context
def command(context: click.Context, /, **_options: Any) -> int:
    """Attack the engine with generated programs until --time or --cases, or Ctrl-C.

    Findings are kept in the output folder. Exit code 1 if there are any. A campaign that
    was ended, by whatever, goes on with --resume. Another budget may then be given, --time
    for the session or --cases in total, and other --jobs; what decides on cases and
    verdicts may not change.
    """
    with ExitStack() as stack:
        session = _resumed(context, stack) if context.params["resume"] else _begun(context, stack)
        campaign = session.run()
    return session.conclude(campaign)


@dataclass(frozen=True, slots=True)
class _Session:
    """One call of `fuzz`: its options, and what they mean."""

    options: dict[str, Any]
    plan: Plan
    source: GeneratedSource
    store: Store

    def run(self) -> Campaign:
        """Runs the campaign, or what is left of it."""
        options = self.options
        limits = WorkerLimits(options["case_time"], options["worker_memory"])
        pool = Pool(self.source, self.plan, options["jobs"], limits=limits)
        progress = self.store.progress()
        budget = self._budget(progress.elapsed if progress else 0.0)
        with self._watch(budget) as watch:
            campaign = Campaign(pool, Keeper(self.store, watch.found), budget, watch.update)
            if progress is not None:
                campaign.resume(progress)
            pool.ends = campaign.statistics.ends
            self.store.configure(self._configuration(campaign.budget))
            self._announce(campaign)
            campaign.statistics.expect(self.source.generators)
            campaign.statistics.corpus = len(self.source.corpus)
            campaign.run()
        return campaign

    def _watch(self, budget: Budget) -> Watch:
        names = ("stats", "metrics_port", "no_tty", "verbose")
        return Watch(**{name: self.options[name] for name in names}, budget=budget.seconds)

    def conclude(self, campaign: Campaign) -> int:
        """Prints the summary.

        Returns:
            The exit code.

        Raises:
            EnvironmentFailure: not everything could be stored.
        """
        for line in summary_lines(campaign.statistics, campaign.elapsed, interrupted=campaign.interrupted):
            click.echo(line, err=True)
        ends = dict(sorted(campaign.pool.ends.items()))
        if ends:
            words = ", ".join(f"{count} {cause}" for cause, count in ends.items())
            click.echo(f"workers replaced: {words}", err=True)
        if self.options["as_json"]:
            head = {"seed": self.source.seed, "out": str(self.store.folder), "workers_replaced": ends}
            click.echo(json.dumps(head | campaign.statistics.to_json(campaign.elapsed)))
        if campaign.keeper.trouble is not None:
            raise campaign.keeper.trouble
        return int(campaign.statistics.findings > 0)

    def _budget(self, elapsed: float) -> Budget:
        """A time that this session was given is its own; else what is left of the stored one."""
        seconds = self.options["seconds"]
        return Budget(elapsed + seconds if is_given(click.get_current_context(), "seconds") else seconds)

    def _configuration(self, budget: Budget) -> dict[str, Any]:
        return to_json(self.options) | {
            "seed": self.source.seed,
            "seconds": budget.seconds,
            "corpus_digest": digest_of(self.source.corpus),
            "versions": versions(),
        }

    def _announce(self, campaign: Campaign) -> None:
        before = campaign.statistics.cases
        words = f", goes on after {before} cases" if self.options["resume"] else ""
        click.echo(f"seed {self.source.seed}, output in {self.store.folder}{words}", err=True)
        if self.store.adopted:
            click.echo(f"{self.store.adopted} findings were kept that the last session had not counted", err=True)
        if before and campaign.is_over:
            click.echo("nothing is left of its budget; --time or --cases gives it more", err=True)


def _begun(context: click.Context, stack: ExitStack) -> _Session:
    """A campaign from its first case; what is wrong with the options is said before a folder is made."""
    options = dict(context.params)
    if options["seed"] is None:
        options["seed"] = secrets.randbits(32)
    plan, source = plan_of(**_of_plan(options)), _source(options)
    store = Store(options["out"] or fresh_folder())
    stack.callback(store.close)
    return _Session(options, plan, source, store)


def _resumed(context: click.Context, stack: ExitStack) -> _Session:
    """A campaign that another session left."""
    store = Store(context.params["out"] or latest_folder(), resume=True)
    stack.callback(store.close)
    stored = store.configuration
    options = continued(context, stored, store.folder)
    plan, source = plan_of(**_of_plan(options)), _source(options)
    if digest_of(source.corpus) != stored.get("corpus_digest"):
        hint = "start another campaign"
        raise UsageError("the corpus is not the one that the campaign began with", str(options["corpus"]), hint)
    if versions() != stored.get("versions"):
        click.echo("fencepost: warning: the campaign was begun by other versions: its cases may differ", err=True)
    return _Session(options, plan, source, store)


def _of_plan(options: dict[str, Any]) -> dict[str, Any]:
    names = ("mode", "executors", "references", "guard", "max_memory", "fault")
    return {name: options[name] for name in names}


def _source(options: dict[str, Any]) -> GeneratedSource:
    generators, corpus = options["generators"], options["corpus"]
    return GeneratedSource(options["seed"], generators or ("wasm",), _corpus(generators, corpus), options["cases"])


def _corpus(generators: tuple[str, ...], folder: Path | None) -> tuple[Case, ...]:
    from harness.files import read_all  # noqa: PLC0415 (only where a folder is given)

    if not {"corpus", "confuse"} & set(generators):
        if folder is not None:
            raise UsageError("--corpus needs --generator corpus or confuse")
        return ()
    if folder is None and "corpus" not in generators:
        return ()
    if folder is None:
        raise UsageError("--generator corpus needs --corpus DIR")
    _, cases = read_all([folder])
    return cases
