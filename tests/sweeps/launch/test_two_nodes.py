"""A sweep over two raylets, the second of which cannot write the run folder: same as on one."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

from sweeps.launch.on_ray import new_run
from sweeps.reading.loading import load_spec
from sweeps.tune.relay import Relay
from tests.medsweep.test_own_rewards import spec
from tests.raylets import HEAD, WORKER, as_driver, can_hide, two_raylets

TRIALS = 6
START_SECONDS = 120.0
SEARCH = [
    f"search.num_trials={TRIALS}",
    "search.sampler=random",
    "search.early_stopping=null",
    "cluster.cpus_per_trial=1",
]


def run(folder: Path, *overrides: str, file: str = "toy") -> dict[str, dict[str, Any]]:
    new_run(load_spec(file, [*SEARCH, *overrides]), folder, lambda *_: [], lambda _: None)
    files = sorted(folder.glob("trials/*/record.json"))
    return {file.parent.name: json.loads(file.read_text()) for file in files}


@pytest.fixture
def runs(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "runs").mkdir()
    return tmp_path / "runs"


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """No result is taken before both nodes have a worker: Tune gives a trial whose worker is still
    starting to one that has just become free, so that the first node could train them all."""
    take = Relay.result

    def result(relay: Relay, tune_id: str, said: Any) -> bool:
        deadline = time.monotonic() + START_SECONDS
        while len(nodes_with_workers()) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        return take(relay, tune_id, said)

    monkeypatch.setattr(Relay, "result", result)


def nodes_with_workers() -> set[str]:
    actors = ray._private.state.actors().values()
    return {actor["Address"]["NodeID"] for actor in actors if actor["State"] == "ALIVE"}


@pytest.mark.skipif(not can_hide(), reason="needs the right to mount (root)")
def test_two_nodes_give_what_one_gives(runs: Path, request: pytest.FixtureRequest) -> None:
    one = run(runs / "one", "cluster.max_concurrent_trials=1")
    with two_raylets(cpus=1, read_only=runs) as raylets, as_driver(raylets):
        request.getfixturevalue("patient")
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


@pytest.mark.slow
@pytest.mark.skipif(not can_hide(), reason="needs the right to mount (root)")
def test_own_rewards_reach_a_node_that_cannot_see_them(
    runs: Path, request: pytest.FixtureRequest
) -> None:
    file = spec(runs.parent / "spec", "topical")
    with two_raylets(cpus=1, read_only=file.parent) as raylets, as_driver(raylets):
        request.getfixturevalue("patient")
        there = ("cluster.target=ray", f"cluster.address={raylets.address}")
        found = run(runs / "mine", "search.num_trials=2", *there, file=str(file))
    assert {record["node"] for record in found.values()} == {HEAD, WORKER}
    for record in found.values():
        assert record["state"] == "complete", record["error"]
        assert 0 < record["metrics"]["reward_topical"] <= 1
