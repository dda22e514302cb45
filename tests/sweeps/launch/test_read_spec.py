"""The spec of a run folder that was damaged, or is resumed with another limit."""

from pathlib import Path

import pytest

from sweeps.launch.on_ray import read_spec, resume_run
from sweeps.spec.errors import SpecError
from tests.sweeps.fakes import make_spec


@pytest.mark.parametrize("content", [b"", b'{"name": "x', b"\xff\xfe", b"[]", b"{}"])
def test_a_damaged_spec_is_told_with_its_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "spec.resolved.json"
    file.write_bytes(content)
    with pytest.raises(SpecError) as raised:
        read_spec(tmp_path)
    (problem,) = raised.value.problems
    assert problem.file == str(file)
    assert problem.fix


@pytest.mark.parametrize("disk_gb", [float("nan"), float("inf")])
def test_a_limit_that_limits_nothing_is_refused(tmp_path: Path, disk_gb: float) -> None:
    file = tmp_path / "spec.resolved.json"
    file.write_text(make_spec().model_dump_json(), encoding="utf-8")
    before = file.read_bytes()
    with pytest.raises(SpecError, match="--disk-gb"):
        resume_run(tmp_path, lambda sweep, placement: [], print, disk_gb=disk_gb)
    assert file.read_bytes() == before
