"""A run folder that cannot be written can be read."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from medsweep.main import run_app
from sweeps.readiness.checks import refuse_folder
from sweeps.run_folder import atomic
from sweeps.spec.errors import SpecError
from tests.analysis.fixtures import write_run
from tests.sweeps.run_folder.deaths import snapshot


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As on a read-only disk: the tests may run as root, for whom a mode forbids nothing."""
    folder = write_run(tmp_path / "run")
    write = atomic.write_bytes

    def refused(path: Path, data: bytes) -> None:
        if path.is_relative_to(folder):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        write(path, data)

    monkeypatch.setattr(atomic, "write_bytes", refused)
    return folder


def test_it_is_read(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, report = snapshot(run), tmp_path / "elsewhere.html"
    for verb in (["status", run], ["best", run], ["report", run, "-o", report]):
        assert run_app([str(word) for word in verb]) == 0, capsys.readouterr().err
    assert "Best: EXP-" in capsys.readouterr().out
    assert report.is_file()
    assert snapshot(run) == before


def test_a_report_within_it_is_refused(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["report", str(run)]) == 2
    assert "Read-only file system" in capsys.readouterr().err


def test_a_resume_says_to_copy_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(SpecError, match="Copy the run to where you may write"):
        refuse_folder(tmp_path, exists_is_wrong=False)


def test_another_error_is_none_of_these() -> None:
    with pytest.raises(OSError, match="no room"), atomic.where_writable():
        raise _full()


def _full() -> Any:
    return OSError(errno.ENOSPC, "no room")
