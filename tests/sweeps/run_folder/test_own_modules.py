"""A run folder knows where own rewards come from."""

from pathlib import Path

import pytest

from sweeps.run_folder.own_modules import note_origin, noted_origin
from trainables.errors import InputError
from trainables.rewards.own import origin_of


def test_it_is_kept_and_a_change_is_told(tmp_path: Path) -> None:
    run, spec = tmp_path / "run", tmp_path / "spec"
    spec.mkdir()
    (spec / "nc_kept.py").write_text("one = 1\n")
    origin = origin_of(["nc_kept:f"], spec)
    note_origin(run, origin)
    assert noted_origin(run, measured=True) == origin
    (spec / "nc_kept.py").write_text("one = 2\n")
    with pytest.raises(InputError, match=r"your nc_kept in .* is no longer what it was"):
        noted_origin(run, measured=True)
    mended = noted_origin(run, measured=False)
    assert mended == origin_of(["nc_kept:f"], spec) != origin
    assert noted_origin(run, measured=True) == mended
    (spec / "nc_kept.py").unlink()
    with pytest.raises(InputError, match="no longer"):
        noted_origin(run, measured=True)


def test_runs_without_own_rewards_have_no_such_file(tmp_path: Path) -> None:
    note_origin(tmp_path, None)
    assert list(tmp_path.iterdir()) == []
    assert noted_origin(tmp_path, measured=True) is None
