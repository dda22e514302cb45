"""A realistic run folder for every test of the analysis."""

from pathlib import Path

import pytest

from tests.analysis import fixtures


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    """The four flashcards trials, a stopped, two failed and an unfinished one."""
    return fixtures.write_run(tmp_path / "flashcards")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("MEDSWEEP_CACHE", str(folder))
    return folder
