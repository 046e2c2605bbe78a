"""The report in a real browser: Debian's Chromium, headless.

The page is loaded into frames of a desktop's and a phone's width, in light and dark; a
script around them notes what a user would see. CI must have the browser; elsewhere the
tests are skipped without it.
"""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from tests.unit.campaign_folder import HOSTILE, write_campaign

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TIMEOUT_SECONDS = 60
SCHEMES = {"dark": 0, "light": 1}  # values of Chromium's setting preferredColorScheme
WIDTHS = {"desktop": 1200, "phone": 360}
CONTRAST = 4.5  # WCAG 2.1, level AA

if CHROMIUM is None and "CI" not in os.environ:
    pytest.skip("there is no chromium: apt-get install chromium", allow_module_level=True)

PROBE = """<!doctype html><meta charset="utf-8"><body>%(frames)s<script>
const see = frame => {
  const page = frame.contentDocument, style = frame.contentWindow.getComputedStyle(page.body);
  const seen = element => element.getClientRects().length > 0;
  return {
    scrolls: page.documentElement.scrollWidth > page.documentElement.clientWidth,
    ground: style.backgroundColor, text: style.color,
    muted: frame.contentWindow.getComputedStyle(page.querySelector('.muted')).color,
    scripts: page.scripts.length + page.querySelectorAll('img, iframe, object, embed').length,
    links: [...page.links].map(link => link.href),
    ids: [...page.querySelectorAll('[id]')].map(element => element.id),
    headings: [...page.querySelectorAll('h1, h2')].filter(seen).map(element => element.textContent),
    evidence: [...page.querySelectorAll('pre')].map(element => element.textContent),
    plots: [...page.querySelectorAll('svg.plot')].map(plot => plot.getBoundingClientRect().width),
    smallest: Math.min(...[...page.querySelectorAll('svg.plot text')].map(text => text.getBoundingClientRect().height)),
  };
};
addEventListener('load', () => {
  const seen = Object.fromEntries([...document.querySelectorAll('iframe')].map(frame => [frame.id, see(frame)]));
  document.body.textContent = JSON.stringify(seen);
});
</script></body>"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the browser showed in one colour scheme: by width, and what it complained about."""

    scheme: str
    frames: dict[str, dict[str, Any]]
    console: list[str]


def look(page: Path, scheme: str) -> Seen:
    """Loads the page at all widths."""
    assert CHROMIUM is not None, "CI needs chromium: .ci/run installs it"
    frames = "".join(
        f'<iframe id="{name}" src="{page.as_uri()}" style="width:{width}px;height:900px;border:0"></iframe>'
        for name, width in WIDTHS.items()
    )
    probe = page.parent.parent / f"probe-{scheme}.html"
    probe.write_text(PROBE % {"frames": frames})
    options = [
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--allow-file-access-from-files",
        "--enable-logging=stderr",
        "--window-size=1400,1000",
        f"--user-data-dir={page.parent.parent / 'profile'}",
        f"--blink-settings=preferredColorScheme={SCHEMES[scheme]}",
        "--virtual-time-budget=5000",
        "--dump-dom",
    ]
    result = subprocess.run(
        [CHROMIUM, *options, probe.as_uri()], capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=True
    )
    body = re.search(r"<body>(.*)</body>", result.stdout, re.DOTALL)
    assert body is not None, result.stdout
    console = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
    return Seen(scheme, json.loads(html.unescape(body[1])), console)


@pytest.fixture(scope="module", params=list(SCHEMES))
def seen(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    """The report of a campaign with hostile findings, in one colour scheme."""
    folder = write_campaign(tmp_path_factory.mktemp(request.param) / "out")
    command = [sys.executable, "-m", "harness", "report", str(folder)]
    subprocess.run(command, check=True, timeout=TIMEOUT_SECONDS, capture_output=True)
    return look(folder / "report.html", request.param)


def channels(color: str) -> list[float]:
    """Red, green and blue of a computed colour, from 0 to 1."""
    return [int(number) / 255 for number in re.findall(r"\d+", color)[:3]]


def contrast(one: str, other: str) -> float:
    """The contrast ratio that WCAG 2.1 defines."""

    def luminance(color: str) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(color)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_page_renders_at_every_width_without_complaint(seen: Seen) -> None:
    assert seen.console == []
    for frame in seen.frames.values():
        sections = ["Findings", "Progress", "Verdicts", "Generators", "Coverage", "Configuration"]
        assert frame["headings"][1:] == sections
        assert not frame["scrolls"]
        assert len(frame["plots"]) == 4
        assert min(frame["plots"]) > 250
        assert frame["smallest"] >= 9


def test_no_name_or_evidence_becomes_markup(seen: Seen) -> None:
    for frame in seen.frames.values():
        assert frame["scripts"] == 0
        assert HOSTILE in frame["evidence"]


def test_every_link_leads_somewhere(seen: Seen) -> None:
    for frame in seen.frames.values():
        assert len(frame["links"]) > 6
        for link in map(urlsplit, frame["links"]):
            assert link.scheme == "file"
            assert Path(unquote(link.path)).is_file(), link
            assert not link.fragment or link.fragment in frame["ids"]


def test_text_can_be_read_in_light_and_dark(seen: Seen) -> None:
    for frame in seen.frames.values():
        assert (sum(channels(frame["ground"])) < 1.5) is (seen.scheme == "dark")
        assert contrast(frame["text"], frame["ground"]) >= CONTRAST
        assert contrast(frame["muted"], frame["ground"]) >= CONTRAST
