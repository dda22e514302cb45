"""A reward model's adapter scores the answers of a GRPO trial, on the same base."""

import pytest

from tests.trainables.grpo.trials import config, run
from tests.trainables.packing.packs import fields
from tests.trainables.reward_model.test_learned import saved
from tests.trainables.sft.trials import TOY, checkpoints, essence
from trainables.errors import InputError
from trainables.models.load import load_base
from trainables.saved import Checkpoint

LEARNED = config(reward=fields(weights={"brevity": 1, "reward_model": 3}))


def starting() -> Checkpoint:
    """Nothing to start from, and a reward model."""
    state = {"step": 0, "updates": 0, "scaler": None}
    return Checkpoint(b"", b"", state, frozen={"reward_model": saved(load_base(TOY, "cpu"))})


def test_it_is_a_part_of_the_reward_and_survives_a_resume() -> None:
    whole = run(LEARNED, starting())
    last = whole[-1].metrics
    wanted = (3 * last["reward_reward_model"] + last["reward_brevity"]) / 4
    assert last["reward"] == pytest.approx(wanted)
    assert 0 < last["reward_reward_model"] < 1
    found = checkpoints(whole)
    assert all(set(c.frozen) == {"reward_model"} for c in found.values())
    number, checkpoint = next(iter(found.items()))
    rest = run(LEARNED, checkpoint)
    assert [essence(r) for r in rest] == [essence(r) for r in whole[number + 1 :]]


def test_without_a_reward_model_it_is_refused() -> None:
    with pytest.raises(InputError, match="there is no reward model"):
        run(LEARNED)
