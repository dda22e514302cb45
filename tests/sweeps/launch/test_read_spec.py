"""The spec of a run folder that was damaged."""

from pathlib import Path

import pytest

from sweeps.launch.on_ray import read_spec
from sweeps.spec.errors import SpecError


@pytest.mark.parametrize("content", [b"", b'{"name": "x', b"\xff\xfe", b"[]", b"{}"])
def test_a_damaged_spec_is_told_with_its_file(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "spec.resolved.json"
    file.write_bytes(content)
    with pytest.raises(SpecError) as raised:
        read_spec(tmp_path)
    (problem,) = raised.value.problems
    assert problem.file == str(file)
    assert problem.fix
