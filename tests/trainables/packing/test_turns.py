"""Kinds of trials in one pack take turns, so that each has the same time."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from trainables.models.load import Base
from trainables.packing import pack as packing
from trainables.packing.pack import Pack, Program

SECONDS = {"sft": 1.0, "reward": 4.0, "ppo": 16.0}


@pytest.fixture
def steps(double: Base, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A function that runs a pack of such kinds so many steps: which had their turn."""
    clock = [0.0]
    monkeypatch.setattr(packing, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    taken: list[str] = []

    def program(kind: str) -> Program:
        def step(pack: Pack, named: Sequence[tuple[str, Any]]) -> None:
            taken.append(kind)
            clock[0] += SECONDS[kind]

        return Program(SimpleNamespace, step)

    monkeypatch.setattr(packing, "program_of", program)
    pack = Pack(double, SimpleNamespace())  # type: ignore[arg-type]

    def run(kinds: Sequence[str], count: int, paused: Sequence[str] = ()) -> list[str]:
        taken.clear()
        trials = {kind: SimpleNamespace(config=SimpleNamespace(kind=kind)) for kind in kinds}
        pack.trials = trials  # type: ignore[assignment]
        for _ in range(count):
            pack.step(paused)
        return list(taken)

    return run


def test_each_kind_has_the_same_time(steps: Any) -> None:
    taken = steps(SECONDS, 16 + 4 + 1)
    assert {kind: taken.count(kind) for kind in SECONDS} == {"sft": 16, "reward": 4, "ppo": 1}


def test_one_that_comes_in_does_not_catch_up(steps: Any) -> None:
    assert steps(["ppo"], 10) == ["ppo"] * 10
    taken = steps(["ppo", "sft"], 2 * (16 + 1))
    assert {kind: taken.count(kind) for kind in ("sft", "ppo")} == {"sft": 32, "ppo": 2}


def test_one_that_pauses_neither(steps: Any) -> None:
    steps(["ppo", "sft"], 17)
    assert steps(["ppo", "sft"], 5, paused=["ppo"]) == ["sft"] * 5
    assert steps(["ppo", "sft"], 3, paused=["ppo", "sft"]) == []
    taken = steps(["ppo", "sft"], 34)
    assert taken.count("ppo") == 2
