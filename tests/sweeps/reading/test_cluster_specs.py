"""The section `cluster`: what no trial could honour is refused where it is written."""

from pathlib import Path

import pytest

from sweeps.reading.loading import load_spec
from sweeps.spec.errors import SpecError
from tests.sweeps.reading.test_loading import BASE, at, problems_of, write


@pytest.mark.parametrize("gpus", [2, 1.5, 8.0])
@pytest.mark.parametrize("overridden", [False, True])
def test_a_trial_trains_on_one_gpu(tmp_path: Path, gpus: float, overridden: bool) -> None:
    own = f"cluster:\n  gpus_per_trial: {gpus}\n"
    file = write(tmp_path, BASE if overridden else BASE + own)
    overrides = (f"cluster.gpus_per_trial={gpus}",) if overridden else ()
    problem = at(problems_of(file, overrides), "cluster.gpus_per_trial")
    place = ("--set", None) if overridden else (str(file), BASE.count("\n") + 2)
    assert (problem.file, problem.line, problem.value) == (*place, gpus)
    assert "not available yet above 1: a trial trains on one device" in problem.message
    assert "Write 1" in str(problem.fix)


@pytest.mark.parametrize("gpus", ["auto", 0, 0.5, 1, 1.0])
def test_one_gpu_or_a_share_is_legal(tmp_path: Path, gpus: object) -> None:
    file = write(tmp_path, BASE)
    found = load_spec(file, [f"cluster.gpus_per_trial={gpus}"]).spec.cluster.gpus_per_trial
    assert found == gpus


def test_gpus_cannot_be_searched(tmp_path: Path) -> None:
    text = BASE.replace("  baselines", "    cluster.gpus_per_trial: {values: [1, 2]}\n  baselines")
    problems = problems_of(write(tmp_path, text))
    assert [p.field for p in problems] == ["search.parameters.cluster.gpus_per_trial"]


def test_smoke_is_no_way_around(tmp_path: Path) -> None:
    file = write(tmp_path, BASE + "smoke: {cluster.gpus_per_trial: 2}\n")
    with pytest.raises(SpecError, match=r"--set: cluster\.gpus_per_trial: .* above 1"):
        load_spec(file, smoke=True)
