"""Scratch folders: short, private, and cleared after drivers that were killed."""

import os
import stat
import tempfile
import time
from pathlib import Path

import pytest

from cluster.scratch import make_scratch, remove_abandoned, scratch_parent, temporary_files


def test_a_living_drivers_folder_stays(tmp_path: Path) -> None:
    folder, release = make_scratch(tmp_path)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    later = time.time() + 3600
    assert remove_abandoned(tmp_path, later) == []
    release()
    release()
    assert remove_abandoned(tmp_path, time.time()) == []  # too young to judge
    assert remove_abandoned(tmp_path, later) == [folder]
    assert not folder.exists()


def test_what_is_not_ours_stays(tmp_path: Path) -> None:
    other = tmp_path / "medsweep-ray-notes"
    other.mkdir()
    assert remove_abandoned(tmp_path, time.time() + 3600) == []
    assert other.exists()


def test_a_long_temporary_folder_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/var/" + "x" * 60)
    assert scratch_parent() == Path("/tmp")
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/scratch")
    assert scratch_parent() == Path("/scratch")


def test_the_longest_parent_leaves_room_for_rays_sockets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = "/" + "x" * 18
    monkeypatch.setattr("tempfile.gettempdir", lambda: parent)
    assert scratch_parent() == Path(parent)
    folder, release = make_scratch(tmp_path)
    release()
    session = "r/session_2026-11-21_12-06-13_740019_4194304/sockets/plasma_store"
    assert len(f"{parent}/{folder.name}/{session}") <= 107
    monkeypatch.setattr("tempfile.gettempdir", lambda: parent + "x")
    assert scratch_parent() == Path("/tmp")


def test_temporary_files_of_a_sweep_are_in_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("TMPDIR", raising=False)
    with temporary_files() as folder:
        assert folder.parent == tmp_path
        assert Path(tempfile.mkdtemp()).parent == folder
        assert os.environ["TMPDIR"] == str(folder), "workers have it too"
        assert scratch_parent() != folder, "too long for sockets"
        assert remove_abandoned(tmp_path, time.time() + 3600) == [], "its process lives"
    assert tempfile.gettempdir() == str(tmp_path)
    assert "TMPDIR" not in os.environ
