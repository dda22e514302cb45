"""Placement is a table: what is asked for, what there is, what each trial gets."""

import pytest

from cluster.config import ClusterConfig
from cluster.errors import ClusterError
from cluster.placement import place


@pytest.mark.parametrize(
    ("asked", "cpus", "gpus", "expected"),
    [
        ({}, 1, 0, (1, 0, 1)),
        ({}, 2, 0, (2, 0, 1)),
        ({}, 3, 0, (3, 0, 1)),
        ({}, 4, 0, (2, 0, 2)),
        ({}, 9, 0, (2, 0, 4)),
        ({"cpus_per_trial": 1}, 4, 0, (1, 0, 4)),
        ({"cpus_per_trial": 0.5}, 2, 0, (0.5, 0, 4)),
        ({"cpus_per_trial": 1, "max_concurrent_trials": 3}, 8, 0, (1, 0, 3)),
        ({"max_concurrent_trials": 9}, 4, 0, (2, 0, 2)),
        ({}, 16, 1, (16, 1, 1)),
        ({}, 16, 4, (4, 1, 4)),
        ({}, 18, 4, (4, 1, 4)),
        ({}, 1, 2, (0.5, 1, 2)),
        ({"trials_per_gpu": 2}, 16, 1, (8, 0.5, 2)),
        ({"trials_per_gpu": 3}, 6, 2, (1, 1 / 3, 6)),
        ({"trials_per_gpu": 4}, 8, 0, (2, 0, 4)),
        ({"gpus_per_trial": 2}, 16, 4, (8, 2, 2)),
        ({"gpus_per_trial": 2}, 16, 5, (8, 2, 2)),
        ({"gpus_per_trial": 0.4}, 16, 2, (4, 0.4, 4)),
        ({"gpus_per_trial": 0}, 8, 2, (2, 0, 4)),
        ({"gpus_per_trial": 0.5, "trials_per_gpu": 2}, 8, 1, (4, 0.5, 2)),
        ({"cpus_per_trial": 8}, 8, 2, (8, 1, 1)),
    ],
)
def test_shares(
    asked: dict[str, object], cpus: float, gpus: int, expected: tuple[float, float, int]
) -> None:
    placed = place(ClusterConfig.model_validate(asked), cpus, gpus)
    assert (placed.cpus_per_trial, placed.gpus_per_trial) == pytest.approx(expected[:2])
    assert placed.concurrent == expected[2]


@pytest.mark.parametrize(
    ("asked", "gpus", "field"),
    [
        ({"cpus_per_trial": 5}, 0, "cluster.cpus_per_trial"),
        ({"cpus_per_trial": 0}, 0, "cluster.cpus_per_trial"),
        ({"cpus_per_trial": -1}, 1, "cluster.cpus_per_trial"),
        ({"gpus_per_trial": 1}, 0, "cluster.gpus_per_trial"),
        ({"gpus_per_trial": 3}, 2, "cluster.gpus_per_trial"),
        ({"gpus_per_trial": 1.5}, 2, "cluster.gpus_per_trial"),
        ({"gpus_per_trial": -1}, 2, "cluster.gpus_per_trial"),
        ({"gpus_per_trial": 1, "trials_per_gpu": 2}, 2, "cluster.gpus_per_trial"),
        ({"trials_per_gpu": 0}, 1, "cluster.trials_per_gpu"),
    ],
)
def test_what_cannot_be_had_is_an_error(asked: dict[str, object], gpus: int, field: str) -> None:
    with pytest.raises(ClusterError) as caught:
        place(ClusterConfig.model_validate(asked), 4, gpus)
    assert caught.value.field == field
    assert caught.value.fix


def test_a_trial_fits_on_one_machine() -> None:
    placed = place(ClusterConfig(), cpus=3, gpus=0, node_cpus=1)
    assert (placed.cpus_per_trial, placed.concurrent) == (1, 3)
    with pytest.raises(ClusterError, match="can give is 4"):
        place(ClusterConfig(cpus_per_trial=6), cpus=8, gpus=0, node_cpus=4)


def test_the_description_says_it_all() -> None:
    assert place(ClusterConfig(), 1, 0).description == "one trial at a time, each with 1 CPU"
    shared = place(ClusterConfig(trials_per_gpu=2), 8, 1)
    assert shared.description == (
        "2 trials at a time, each with 4 CPUs and 0.5 GPU, packed by 2 on one base model"
    )
    alone = place(ClusterConfig(trials_per_gpu=2), 8, 1, unpackable="DoRA")
    assert alone.description.endswith("each with 4 CPUs and 0.5 GPU (not packed: DoRA)")


@pytest.mark.parametrize(
    ("asked", "machine", "expected"),
    [
        ({}, (2, 0, 2), (2, 1, 0)),
        ({"trials_per_gpu": 1}, (2, 0, 2), (2, 1, 0)),
        ({"trials_per_gpu": 4}, (2, 0, 2), (0.5, 4, 4)),
        ({"trials_per_gpu": 4}, (8, 0, 4), (1, 8, 4)),
        ({"trials_per_gpu": 4}, (8, 2, 8), (1, 8, 4)),
        ({"trials_per_gpu": 4, "max_concurrent_trials": 3}, (8, 1, 8), (2, 3, 3)),
        ({"gpus_per_trial": 1}, (8, 2, 8), (4, 2, 0)),
    ],
)
def test_packs(
    asked: dict[str, object], machine: tuple[float, int, float], expected: tuple[float, int, int]
) -> None:
    cpus, gpus, node_cpus = machine
    placed = place(ClusterConfig.model_validate(asked), cpus, gpus, node_cpus)
    assert (placed.cpus_per_trial, placed.concurrent, placed.pack) == pytest.approx(expected)
    refused = place(ClusterConfig.model_validate(asked), cpus, gpus, node_cpus, unpackable="DoRA")
    assert refused.pack == 0


@pytest.mark.parametrize(
    ("measured", "machine", "expected"),
    [
        (0, (2, 0), (2, 0, 1, 0)),
        (1, (2, 0), (2, 0, 1, 1)),
        (4, (2, 0), (0.5, 0, 4, 4)),
        (1, (8, 2), (4, 1, 2, 1)),
        (4, (8, 2), (1, 0.25, 8, 4)),
    ],
)
def test_measured_packs(
    measured: int, machine: tuple[int, int], expected: tuple[float, float, int, int]
) -> None:
    p = place(ClusterConfig(), *machine, measured=measured)
    found = (p.cpus_per_trial, p.gpus_per_trial, p.concurrent, p.pack)
    assert found == pytest.approx(expected)
    assert ("a pack of one" in p.description) == (measured == 1)
    refused = place(ClusterConfig(), *machine, measured=measured, unpackable="DoRA")
    assert refused.pack == 0
    asked = place(ClusterConfig(trials_per_gpu=1), *machine, measured=measured)
    assert asked.pack == 0
