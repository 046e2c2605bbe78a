"""The folders of campaigns that nobody named one for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from harness.errors import UsageError
from harness.output_root import fresh_folder, latest_folder

if TYPE_CHECKING:
    from pathlib import Path

CAMPAIGNS = 64


def test_fresh_folders_are_numbered_and_the_last_is_linked(tmp_path: Path) -> None:
    assert [fresh_folder(tmp_path).name for _ in range(3)] == ["0001", "0002", "0003"]
    assert latest_folder(tmp_path) == tmp_path / "0003"


def test_campaigns_that_begin_at_once_have_a_folder_each(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        folders = {folder.name for folder in threads.map(lambda _: fresh_folder(tmp_path), range(CAMPAIGNS))}
    assert folders == {f"{number:04}" for number in range(1, CAMPAIGNS + 1)}
    assert latest_folder(tmp_path).name in folders
    assert {path.name for path in tmp_path.iterdir()} == folders | {"latest"}


def test_without_a_campaign_there_is_no_latest_one(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no campaign yet"):
        latest_folder(tmp_path)
