"""Where a trial's time goes: steps and evaluations are clocked, over resumes too."""

from dataclasses import replace

import pytest

from tests.trainables.sft.trials import checkpoints, config, run

SHORT = config(training={"max_steps": 8})


def test_steps_and_evaluations_take_part_of_the_trial_s_time() -> None:
    final = run(SHORT)[-1]
    spent = final.facts["seconds"]
    assert spent.keys() == {"train", "evaluate"}
    assert min(spent.values()) > 0
    assert sum(spent.values()) < final.seconds


def test_seconds_of_an_earlier_process_count() -> None:
    saved = checkpoints(run(SHORT))
    checkpoint = saved[min(saved)]
    late = replace(
        checkpoint, state={**checkpoint.state, "seconds": 900, "training": 500, "evaluating": 300}
    )
    spent = run(SHORT, late)[-1].facts["seconds"]
    assert spent["train"] == pytest.approx(500, abs=60)
    assert spent["evaluate"] == pytest.approx(300, abs=60)
    assert spent["train"] > 500
    assert spent["evaluate"] > 300
