"""A reward model's adapter scores the answers of the policy, on the same base."""

import pytest
import torch

from tests.trainables.packing.packs import fields, run_pack
from tests.trainables.ppo.trials import ppo
from tests.trainables.sft.trials import TOY, checkpoints, essence, prepared
from trainables.context import ListContext
from trainables.errors import InputError
from trainables.models.config import LoraConfig
from trainables.models.load import Base, load_base
from trainables.packing.pack import Pack
from trainables.ppo.packed import _of_update
from trainables.ppo.sampled import sampled
from trainables.reward_model.head import HEAD, fresh_reward_model
from trainables.saved import Checkpoint, SavedAdapter

LEARNED = fields(weights={"reward_model": 3, "brevity": 1})


def reward_model(base: Base) -> SavedAdapter:
    """One whose matrices and head are not zero."""
    made = fresh_reward_model(base, LoraConfig(r=3, target_modules="all-linear"), 5)
    generator = torch.Generator().manual_seed(1)
    made.flat.data.add_(torch.randn(made.flat.shape, generator=generator) / 20)
    made.refresh()
    return made.export()


def starting(base: Base) -> Checkpoint:
    """Nothing to start from, and a reward model."""
    state = {"step": 0, "updates": 0, "scaler": None}
    return Checkpoint(b"", b"", state, frozen={"reward_model": reward_model(base)})


def test_the_score_is_that_of_the_sequence_classifier() -> None:
    """By PEFT and transformers' own model of it."""
    import peft
    from safetensors.torch import load
    from transformers import AutoModelForSequenceClassification

    base = load_base(TOY, "cpu")
    pack = Pack(base, TOY)
    pack.join("a", ppo(reward=LEARNED), ListContext(prepared(), starting(base)))
    (found,) = sampled(pack, [_of_update("a", pack.trials["a"])])  # type: ignore[arg-type]
    pack.close()
    adapter = reward_model(base)
    model = AutoModelForSequenceClassification.from_pretrained(base.folder, num_labels=1)
    given = {k: v for k, v in adapter.config.items() if v is not None and k != "inference_mode"}
    judge = peft.get_peft_model(model, peft.LoraConfig(**given))
    peft.set_peft_model_state_dict(judge, load(adapter.weights))
    judge.config.pad_token_id = base.tokenizer.pad_token_id
    assert found.learned
    for i, value in enumerate(found.learned):
        ids = torch.from_numpy(found.rows.row(i).astype("int64"))[None]
        with torch.no_grad():
            score = judge.eval()(input_ids=ids, attention_mask=torch.ones_like(ids)).logits
        assert value == pytest.approx(float(torch.sigmoid(score)), abs=1e-5)
    assert max(found.learned) - min(found.learned) > 1e-4
    assert HEAD in load(adapter.weights)


def test_it_is_a_part_of_the_reward_and_survives_a_resume(double: Base) -> None:
    trial, start = ppo(reward=LEARNED), starting(double)
    whole = run_pack(double, {"a": trial}, checkpoints={"a": start})["a"]
    last = whole[-1].metrics
    wanted = (3 * last["reward_reward_model"] + last["reward_brevity"]) / 4
    assert last["reward"] == pytest.approx(wanted)
    assert whole[0].metrics["sampled_kl"] == pytest.approx(0, abs=1e-9)
    found = checkpoints(whole)
    assert all(set(c.frozen) == {"reward_model"} for c in found.values())
    number, checkpoint = next(iter(found.items()))
    rest = run_pack(double, {"a": trial}, checkpoints={"a": checkpoint})["a"]
    assert [essence(r) for r in rest] == [essence(r) for r in whole[number + 1 :]]


def test_without_a_reward_model_it_is_refused(double: Base) -> None:
    with pytest.raises(InputError, match="there is no reward model"):
        run_pack(double, {"a": ppo(reward=LEARNED)})


def test_rows_that_ask_nothing_are_refused(double: Base) -> None:
    plain = prepared()
    plain.train.questions[1] = ""
    with pytest.raises(InputError, match=f"1 of {len(plain.train)} rows without a question"):
        run_pack(double, {"a": ppo()}, {"a": plain})
