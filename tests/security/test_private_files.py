"""Who may read what a command writes: its user alone, unless `--shared` says otherwise."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from medsweep.main import run_app


@pytest.fixture(autouse=True)
def open_umask(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("MEDSWEEP_CACHE", str(tmp_path / "cache"))
    before = os.umask(0o002)
    yield
    os.umask(before)


@pytest.mark.parametrize(
    ("options", "folder", "file"), [([], 0o700, 0o600), (["--shared"], 0o775, 0o664)]
)
def test_a_command_makes_private_files_unless_it_is_told(
    tmp_path: Path, options: list[str], folder: int, file: int
) -> None:
    assert run_app([*options, "init", "toy", "-o", str(tmp_path / "new/mine.yaml")]) == 0
    assert _mode(tmp_path / "new") == folder
    assert _mode(tmp_path / "new/mine.yaml") == file
    # whatever was trained on lies there: made now where others may read what is written, else by
    # whoever fills it, under the umask
    assert _mode(tmp_path / "cache") == 0o700 if options else not (tmp_path / "cache").exists()
    assert os.umask(0o002) == 0o002  # the process's own is given back


def test_the_variable_is_the_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDSWEEP_SHARED", "1")
    assert run_app(["init", "toy", "-o", str(tmp_path / "mine.yaml")]) == 0
    assert _mode(tmp_path / "mine.yaml") == 0o664


def test_an_open_cache_of_earlier_versions_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MEDSWEEP_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "medsweep").mkdir(mode=0o755)
    assert run_app(["presets"]) == 0
    assert _mode(tmp_path / "medsweep") == 0o700


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
