"""A sweep over two raylets, the second of which cannot write the run folder: same as on one."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sweeps.launch.on_ray import new_run
from sweeps.reading.loading import load_spec
from tests.raylets import HEAD, WORKER, as_driver, can_hide, two_raylets

TRIALS = 12  # so many that a second node that is slow to start still gets some
SEARCH = [
    f"search.num_trials={TRIALS}",
    "search.sampler=random",
    "search.early_stopping=null",
    "cluster.cpus_per_trial=1",
]


def run(folder: Path, *overrides: str) -> dict[str, dict[str, Any]]:
    new_run(load_spec("toy", [*SEARCH, *overrides]), folder, lambda *_: [], lambda _: None)
    files = sorted(folder.glob("trials/*/record.json"))
    return {file.parent.name: json.loads(file.read_text()) for file in files}


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.mark.skipif(not can_hide(), reason="needs the right to mount (root)")
def test_two_nodes_give_what_one_gives(runs: Path) -> None:
    one = run(runs / "one", "cluster.max_concurrent_trials=1")
    with two_raylets(cpus=1, read_only=runs) as raylets, as_driver(raylets):
        two = run(runs / "two", "cluster.target=ray", f"cluster.address={raylets.address}")
    assert {record["node"] for record in two.values()} == {HEAD, WORKER}
    assert list(one) == list(two) == [f"EXP-{number:03d}" for number in range(1, TRIALS + 1)]
    for name, record in two.items():
        assert record["state"] == "complete", record["error"]
        assert record["parameters"] == one[name]["parameters"]
        for metric, value in one[name]["metrics"].items():
            if metric != "minutes":
                assert record["metrics"][metric] == pytest.approx(value, rel=1e-6, abs=1e-6), metric
        # a worker that wrote here would have failed: this came through Ray
        assert (runs / "two" / "trials" / name / "adapter" / "adapter_model.safetensors").is_file()
