"""`fencepost fuzz`: campaigns over generated cases."""

from __future__ import annotations

import importlib.util
import json
import re
import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from harness.campaign import Budget, Campaign
from harness.commands.options import checkout_corpus, duration, limit_options, plan_of, plan_options
from harness.commands.summary import summary_lines
from harness.commands.watch import Watch, watch_options
from harness.configuration import continued, digest_of, is_given, to_json
from harness.drivers.libfuzzer import LibFuzzerSource
from harness.errors import EnvironmentFailure, UsageError
from harness.keeper import Keeper
from harness.output_root import fresh_folder, latest_folder
from harness.plugins import third_party_generators
from harness.pool import Pool, WorkerLimits
from harness.source import GENERATORS, GeneratedSource, Source
from harness.store import Store
from harness.versions import versions

if TYPE_CHECKING:
    from harness.case import Case
    from harness.plan import Plan

DRIVERS = ("prng", "atheris")
DRAWING = {"corpus", "mutate", "confuse", "corrupt"}
"""Generators that draw from a corpus."""


def generator_names(_context: click.Context, _option: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """Checks names of generators; a click callback, since those of others are looked up late."""
    known = (*GENERATORS, *third_party_generators())
    for name in value:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(known)}")
    return value


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
  fencepost fuzz --generator confuse --corpus corpus --time 60s
  fencepost fuzz --generator corrupt --cases 1000 --seed 7
  fencepost fuzz --driver atheris --time 10m
  fencepost fuzz --driver atheris --libfuzzer -max_len=1024 --generator wasm
  fencepost fuzz --generator clif --time 60s""",
)
@click.option("--time", "seconds", type=duration, metavar="DURATION", help="Stop after 90s, 10m, 2h.")
@click.option("--cases", type=click.IntRange(min=1), metavar="N", help="Stop after N cases.")
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Seed of all cases.  [default: drawn]")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, metavar="N", help="Worker processes.")
@click.option(
    "--generator",
    "generators",
    callback=generator_names,
    multiple=True,
    metavar="NAME",
    help=f"Use this generator only: {', '.join(GENERATORS)}, or a third-party one. Repeatable.  "
    "[default: all of these; corpus where there is one]",
)
@click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="What the generators corpus, mutate, confuse and corrupt draw from.  [default: the checkout's, in one]",
)
@click.option(
    "--driver",
    type=click.Choice(DRIVERS),
    default="prng",
    show_default=True,
    help="Who decides what cases are made of: a seeded generator of numbers, or libFuzzer, guided by coverage.",
)
@click.option(
    "--libfuzzer",
    multiple=True,
    metavar="FLAG",
    help="A flag for libFuzzer, such as -max_len=1024, with --driver atheris. Repeatable.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Output folder.  [default: a fresh one]",
)
@click.option("--resume", is_flag=True, help="Go on with the campaign in --out.  [default: the latest]")
@limit_options
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

    def _driven(self) -> Source:
        """The source as the driver has it."""
        if self.options["driver"] == "prng":
            return self.source
        driven = LibFuzzerSource(self.source, self.store.folder / "libfuzzer", self.options["libfuzzer"])
        driven.prepare()
        return driven

    def run(self) -> Campaign:
        """Runs the campaign, or what is left of it."""
        options = self.options
        limits = WorkerLimits(options["case_time"], options["worker_memory"])
        pool = Pool(self._driven(), self.plan, options["jobs"], limits=limits)
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
            campaign.statistics.native = self.plan.native
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
        if self.options["as_json"]:
            head = {"seed": self.source.seed, "out": str(self.store.folder)}
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
            "native": self.plan.native,
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
    names = ("mode", "executors", "references", "guard", "native", "max_memory", "gc_stress", "fault")
    return {name: options[name] for name in names}


def _source(options: dict[str, Any]) -> GeneratedSource:
    _check_driver(options["driver"], options["libfuzzer"])
    generators: tuple[str, ...] = options["generators"]
    cases = _corpus(generators, options["corpus"])
    default = tuple(name for name in GENERATORS if cases or name != "corpus")
    return GeneratedSource(options["seed"], generators or default, cases, options["cases"])


def _check_driver(driver: str, flags: tuple[str, ...]) -> None:
    if driver == "prng" and flags:
        raise UsageError("--libfuzzer needs --driver atheris")
    for flag in flags:
        if not re.fullmatch(r"-\w+=.*", flag):
            raise UsageError(f"{flag!r} is no flag of libFuzzer", "--libfuzzer", "write it as -max_len=1024")
    if driver == "atheris" and importlib.util.find_spec("atheris") is None:
        hint = "install atheris, which has wheels for CPython 3.11 to 3.13 on x86-64 Linux"
        raise EnvironmentFailure("--driver atheris needs the package atheris", "", hint)


def _corpus(generators: tuple[str, ...], folder: Path | None) -> tuple[Case, ...]:
    """The cases to draw from: those of ``folder``, or of the checkout that this is; none where nobody draws."""
    from harness.files import read_all  # noqa: PLC0415 (only where a folder is given)

    if generators and not DRAWING & set(generators):
        if folder is not None:
            raise UsageError(f"--corpus needs one of the generators {', '.join(sorted(DRAWING))}")
        return ()
    folder = folder or checkout_corpus()
    if folder is not None:
        return read_all([folder])[1]
    if "corpus" in generators:
        raise UsageError("--generator corpus needs --corpus DIR")
    return ()
