"""The loss of each component of a mixture: the same in both engines, and adding up to the whole."""

import math
from dataclasses import replace
from typing import Any

import pytest

from tests.trainables.evaluation.test_answer_loss import Favourite, rows_of
from tests.trainables.packing.packs import run_pack
from tests.trainables.sft.trials import TOY, checkpoints, config, prepared, run
from trainables.context import ListContext, Report
from trainables.data.prepared import Prepared
from trainables.evaluation.answer_loss import by_component, row_losses
from trainables.models.load import load_base
from trainables.training.untouched import evaluate

NAMES = ["general", "medical", "general", "medical", "medical"]  # of the validation rows


def mixed() -> Prepared:
    """The usual rows, of which the validation ones come from two components."""
    data = prepared()
    return data._replace(validation=replace(data.validation, components=NAMES))


def weighted_mean(components: dict[str, dict[str, float]]) -> float:
    """Of the losses, by tokens."""
    total = sum(c["val_loss"] * c["tokens"] for c in components.values())
    return total / sum(c["tokens"] for c in components.values())


def test_the_components_by_hand() -> None:
    rows = rows_of([[0, 1, 1], [0, 2], [0, 1]], starts=[1, 1, 1], answer_bytes=[3, 2, 1])
    rows = replace(rows, components=["b", "a", "b"])
    found = by_component(rows, row_losses(Favourite(), rows, 4))
    assert list(found) == ["a", "b"]
    assert found["a"].facts() == pytest.approx(
        {"val_loss": math.log(6), "perplexity": 6, "tokens": 1, "answer_bytes": 2}
    )
    assert found["b"].facts() == pytest.approx(
        {"val_loss": math.log(2), "perplexity": 2, "tokens": 3, "answer_bytes": 4}
    )


def test_without_a_mixture_there_are_no_components() -> None:
    rows = rows_of([[0, 1]], starts=[1], answer_bytes=[1])
    assert by_component(rows, [1.0]) == {}
    whole = replace(rows, components=[""])  # what a whole mixture is validated on
    assert by_component(whole, [1.0]) == {}
    assert "components" not in run(config(training={"max_steps": 1}))[-1].facts


@pytest.fixture(scope="module")
def engines() -> dict[str, list[Report]]:
    trial = config(training={"num_train_epochs": 3})
    packed = run_pack(load_base(TOY, "cpu"), {"own": trial}, {"own": mixed()}, max_tokens=100)
    return {"isolated": run(trial, data=mixed()), "packed": packed["own"]}


def test_both_engines_agree(engines: dict[str, list[Report]]) -> None:
    one, other = (reports[-1].facts["components"] for reports in engines.values())
    assert list(one) == list(other) == ["general", "medical"]
    for name, facts in one.items():
        assert facts == pytest.approx(other[name], rel=1e-5), name


@pytest.mark.parametrize("engine", ["isolated", "packed"])
def test_the_components_add_up_to_the_best_steps_loss(
    engines: dict[str, list[Report]], engine: str
) -> None:
    end = engines[engine][-1]
    losses = [r.metrics["val_loss"] for r in engines[engine][:-1] if "val_loss" in r.metrics]
    assert end.metrics["val_loss"] == min(losses)
    components = end.facts["components"]
    assert weighted_mean(components) == pytest.approx(end.metrics["val_loss"], rel=1e-12)
    assert components["general"]["val_loss"] != components["medical"]["val_loss"]
    rows = mixed().validation
    assert sum(c["tokens"] for c in components.values()) == rows.answer_tokens()
    assert sum(c["answer_bytes"] for c in components.values()) == rows.answer_bytes.sum()


def test_the_base_model_has_them_too() -> None:
    """Before training, engine and base model see the same numbers."""
    context = ListContext(mixed())
    evaluate(config(), context)
    (report,) = context.reports
    still: dict[str, Any] = {"max_steps": 1, "warmup_steps": 5}  # the first step's rate is 0
    packed = run_pack(
        load_base(TOY, "cpu"), {"own": config(training=still)}, {"own": mixed()}, max_tokens=60
    )["own"][-1]
    for name, facts in report.facts["components"].items():
        assert packed.facts["components"][name] == pytest.approx(facts, abs=1e-6), name


def test_worse_evaluations_and_a_resume_keep_the_best_steps_components() -> None:
    """A rate that is far too high: the first evaluation is the best."""
    trial = config(training={"learning_rate": 0.5, "num_train_epochs": 2, "max_grad_norm": 0})
    reports = run(trial, data=mixed())
    end = reports[-1]
    assert end.facts["best_step"] < end.facts["steps"]
    assert weighted_mean(end.facts["components"]) == pytest.approx(end.metrics["val_loss"])
    number, checkpoint = list(checkpoints(reports).items())[-2]
    assert reports[number].step > end.facts["best_step"]
    resumed = run(trial, checkpoint, data=mixed())[-1]
    assert resumed.facts["components"] == end.facts["components"]
