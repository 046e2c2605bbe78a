"""The wheel holds what it should, and works in an empty environment outside the checkout.

Building it shares `target/` with everything else, so this takes seconds after `make build`; installing its
dependencies needs the package registry.
"""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BUILD_SECONDS = 900
INSTALL_SECONDS = 300
RUN_SECONDS = 120
pytestmark = pytest.mark.xdist_group("wheel")  # built once
FORBIDDEN_SUFFIXES = (".rs", ".toml", ".lock", ".wat", ".wast")


def run(*command: str | Path, cwd: Path, timeout: float) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=cwd, timeout=timeout, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    maturin = Path(sys.executable).with_name("maturin")
    run(maturin, "build", "--release", "--out", folder, cwd=ROOT, timeout=BUILD_SECONDS)
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_holds_our_packages_and_no_sources_of_the_engine(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "generators", "harness", "oracles"}
    assert "engine/_native.abi3.so" in names
    assert {"engine/_native.pyi", "engine/py.typed", "harness/case.schema.json"} <= set(names)
    assert {"harness/report/page.html", "harness/report/page.css"} <= set(names)
    [entry_points] = [name for name in names if name.endswith(".dist-info/entry_points.txt")]
    assert "[pytest11]\nfencepost=harness.pytest_plugin" in zipfile.ZipFile(wheel).read(entry_points).decode()
    assert [name for name in names if name.endswith(FORBIDDEN_SUFFIXES)] == []


def test_check_wheel_contents_finds_nothing(wheel: Path) -> None:
    run(Path(sys.executable).with_name("check-wheel-contents"), wheel, cwd=ROOT, timeout=RUN_SECONDS)


def test_fifty_cases_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    binaries = tmp_path / "venv" / "bin"
    run(binaries / "pip", "install", "--quiet", wheel, cwd=tmp_path, timeout=INSTALL_SECONDS)
    run(binaries / "fencepost", "fuzz", "--cases", "50", "--seed", "1", cwd=tmp_path, timeout=RUN_SECONDS)
    assert (tmp_path / "fencepost-out" / "latest" / "campaign.db").is_file()
    run(binaries / "fencepost", "report", cwd=tmp_path, timeout=RUN_SECONDS)
    assert (tmp_path / "fencepost-out" / "latest" / "report.html").is_file()
