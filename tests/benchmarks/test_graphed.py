"""The solo step that packs are compared with: it trains as a plain loop does."""

import pytest
import torch

from benchmarks import packing
from benchmarks.graphed import recorded, solo_step
from benchmarks.shapes import base_model
from tests.trainables.sft.toy_cache import toy_cache
from tests.trainables.sft.trials import TOY
from trainables.data.token_rows import TokenRows
from trainables.models.load import Base, load_base
from trainables.models.trained import opened
from trainables.sft.config import SFTConfig
from trainables.training.order import step_batches

__all__ = ["toy_cache"]
STEPS = 4
NORM = 0.2  # of the gradients: some steps are above


def trial() -> tuple[SFTConfig, TokenRows]:
    """Four rows of 128 tokens a step, and settings that all show in the weights."""
    config, data = packing.trial(512, 4, ["q_proj", "v_proj"], seed=3)
    shown = {"learning_rate": 5e-2, "weight_decay": 0.1, "max_grad_norm": NORM}
    training = config.training.model_copy(update=shown)
    return config.model_copy(update={"training": training}), data.train


def plain_loop(base: Base) -> tuple[list[float], torch.Tensor]:
    """Losses and adapter with transformers' loss on labels and PEFT's own tensors."""
    config, rows = trial()
    t, losses, norms = config.training, [], []
    with opened(base, config.lora, t.seed) as model:
        model.train()
        weights = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(weights, lr=t.learning_rate, weight_decay=t.weight_decay)
        for step in range(STEPS):
            ((*chosen,),) = step_batches(len(rows), 4, 1, t.seed, step)
            tokens = torch.stack([torch.from_numpy(rows.row(i)).long() for i in chosen])
            labels = tokens.clone()
            labels[:, :64] = -100
            loss = model(input_ids=tokens, labels=labels).loss
            optimizer.zero_grad()
            loss.backward()
            norms.append(float(torch.nn.utils.clip_grad_norm_(weights, NORM)))
            optimizer.step()
            losses.append(loss.item())
        assert min(norms) < NORM < max(norms)
        return losses, torch.cat([w.detach().flatten() for w in weights])


def test_it_trains_as_a_plain_loop_does(toy_cache: None) -> None:
    base = load_base(TOY, "cpu")
    config, rows = trial()
    losses = []
    with solo_step(base, config, rows) as step:
        for number in range(STEPS):
            step.take(number)
            step.run()
            losses.append(float(step.loss))
        weights = step.master.detach().clone()
        step.restart()
        step.take(0)
        step.run()
        again = float(step.loss)
    wanted, adapter = plain_loop(base)
    assert losses == pytest.approx(wanted, rel=1e-5)
    torch.testing.assert_close(weights, adapter, rtol=1e-3, atol=1e-4)
    assert again == losses[0] != losses[-1]
    assert base.model.config._attn_implementation == "sdpa"
    assert not any("lora" in name for name, _ in base.model.named_modules())


def test_copies_in_bfloat16_follow_the_weights(toy_cache: None) -> None:
    base = load_base(TOY.model_copy(update={"dtype": "bfloat16"}), "cpu")
    with solo_step(base, *trial()) as step:
        step.take(0)
        step.run()
        assert step.master.dtype == torch.float32
        assert not torch.equal(step.master, step.begin)
        flat = torch.cat([w.detach().flatten() for w in step.weights])
        assert torch.equal(flat, step.master.detach().bfloat16())


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("quantization", ["nf4", "none"])
def test_a_replayed_graph_trains_as_the_step_does(quantization: str) -> None:
    base = base_model("toy", quantization, "cuda")
    config, rows = trial()
    losses = []
    for graph in (False, True):
        with solo_step(base, config, rows) as step:
            run = recorded(step) if graph else step.run
            for number in range(STEPS):
                step.take(number)
                run()
                losses.append(float(step.loss))
    assert losses[STEPS:] == pytest.approx(losses[:STEPS], rel=2e-2)
    assert losses[0] != losses[STEPS - 1]
