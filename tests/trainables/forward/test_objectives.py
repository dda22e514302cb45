"""Passes with a loss of each trial's own: the gradients are right, and a NaN stays in its trial."""

import math
from collections.abc import Iterator

import pytest
import torch
from torch.nn.functional import cross_entropy

from tests.trainables.packing.packs import fields
from tests.trainables.sft.trials import TOY, config, prepared
from trainables.context import ListContext
from trainables.forward.objectives import AnswerLogits, objective_pass, score_pass
from trainables.forward.passes import TrialRows, train_pass
from trainables.models.load import Base
from trainables.packing.pack import Pack

TRIALS = {
    "a": config(lora=fields(r=4), training=fields(seed=1)),
    "b": config(lora=fields(r=2, target_modules="all-linear"), training=fields(seed=2)),
}


@pytest.fixture
def pack(double: Base) -> Iterator[Pack]:
    made = Pack(double, TOY)
    for name, trial in TRIALS.items():
        made.join(name, trial, ListContext(prepared()))
        generator = torch.Generator().manual_seed(3)
        adapter = made.trials[name].adapter
        adapter.flat.data.add_(torch.randn(adapter.flat.shape, generator=generator) / 10)
        adapter.refresh()
    yield made
    made.close()


def parts(pack: Pack) -> list[TrialRows]:
    rows = prepared().train
    return [
        TrialRows("a", pack.trials["a"].adapter, rows, [0, 3, 4]),
        TrialRows("b", pack.trials["b"].adapter, rows, [1, 2]),
    ]


def gradients(pack: Pack) -> list[torch.Tensor]:
    """The trials' gradients, which are then cleared."""
    found = []
    for trial in pack.trials.values():
        assert trial.adapter.flat.grad is not None
        found.append(trial.adapter.flat.grad.clone())
        trial.adapter.flat.grad.zero_()
    return found


def test_the_gradient_is_that_of_the_summed_loss(pack: Pack) -> None:
    train_pass(pack.base.model, parts(pack), [0.5, 2.0])
    wanted = gradients(pack)
    assert all(bool(g.any()) for g in wanted)
    objectives = [
        lambda s: 0.5 * cross_entropy(s.logits, s.tokens, reduction="sum"),
        lambda s: -2.0 * s.log_probabilities().sum(),
    ]
    objective_pass(pack.base.model, parts(pack), objectives)
    for mine, theirs in zip(gradients(pack), wanted, strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-14)


def test_an_objective_of_hidden_states_reaches_the_adapter(pack: Pack) -> None:
    """By finite differences along the gradient of one number of the adapter."""
    adapter = pack.trials["a"].adapter
    part = parts(pack)[:1]

    def value(s: AnswerLogits) -> torch.Tensor:
        return s.hidden.square().mean() + s.log_probabilities(0.7).mean()

    objective_pass(pack.base.model, part, [value])
    gradient = gradients(pack)[0]
    place = int(gradient.abs().argmax())
    found = []
    for step in (3e-3, -3e-3):  # the toy's norms compute in float32
        adapter.flat.data[place] += step
        found.append(float(value(score_pass(pack.base.model, part)[0])))
        adapter.flat.data[place] -= step
    assert float(gradient[place]) == pytest.approx((found[0] - found[1]) / 6e-3, rel=1e-3)


def test_scores_are_those_of_each_trial_alone(pack: Pack) -> None:
    together = score_pass(pack.base.model, parts(pack))
    for part, found in zip(parts(pack), together, strict=True):
        (alone,) = score_pass(pack.base.model, [part])
        torch.testing.assert_close(found.logits, alone.logits, rtol=1e-11, atol=1e-12)
        torch.testing.assert_close(found.hidden, alone.hidden, rtol=1e-11, atol=1e-12)
        answers = [part.rows.row(i)[part.rows.answer_start[i] :].tolist() for i in part.chosen]
        assert found.tokens.tolist() == [token for answer in answers for token in answer]


def test_nan_stays_in_its_trial(pack: Pack) -> None:
    def total(s: AnswerLogits) -> torch.Tensor:
        return s.log_probabilities().mean() + s.hidden.mean()

    objective_pass(pack.base.model, parts(pack), [total, total])
    clean = gradients(pack)
    pack.trials["b"].adapter.work[0] = math.nan
    objective_pass(pack.base.model, parts(pack), [total, total])
    mine, poisoned = gradients(pack)
    assert torch.equal(mine, clean[0])
    assert bool(poisoned.isnan().any())
