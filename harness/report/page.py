"""The page: the content put into the template, for one place in the file system."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from harness.commands.summary import clock, percent, plural
from harness.coverage import catalogue
from harness.printable import printable
from harness.report import content

if TYPE_CHECKING:
    from collections.abc import Callable

    from harness.report.data import CampaignData

FOLDER = Path(__file__).parent


def render(campaign: CampaignData, target: Path) -> str:
    """The page as HTML.

    Args:
        campaign: what it shows.
        target: the file that it will be written to: links to cases are relative to it.
    """
    last = campaign.last
    replaced = last["workers_replaced"]
    return (
        _environment(target)
        .get_template("page.html")
        .render(
            campaign=campaign,
            last=last,
            css=Markup((FOLDER / "page.css").read_text(encoding="utf-8")),  # noqa: S704 (ours)
            figures=content.figures(campaign.lines),
            verdicts=content.verdict_bars(last),
            reasons=content.bars(last["reasons"], last["cases"], "fair"),
            oracles=content.bars(last["oracles"], last["cases"], "main"),
            replaced=content.bars(replaced, sum(replaced.values()), "fair"),
            stages=content.stage_bars(last["seconds_by_stage"]),
            options=content.options_of(campaign.configuration),
            versions=campaign.configuration.get("versions", {}),
            catalogue=catalogue(),
            coverage=content.coverage_tables(last),
        )
    )


def _environment(target: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        finalize=visible,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"clock": clock, "percent": percent}
    environment.globals |= {"link": _linker(target), "plural": plural, "meaning_of": content.MEANINGS.get}
    return environment


def visible(value: Any) -> Any:
    """What the template prints for a value: text without controls, among them those that turn the direction of text."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(map(printable, value.split("\n")))


def _linker(target: Path) -> Callable[[Path], str]:
    """Makes relative links from the folder of ``target``."""
    start = target.absolute().parent

    def link(path: Path) -> str:
        return quote(os.path.relpath(path.absolute(), start))

    return link
