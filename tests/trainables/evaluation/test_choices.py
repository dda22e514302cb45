"""Options score as in one plain forward each, whoever else is in the batch."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from tests.trainables.sft.test_architectures import MODELS
from trainables.evaluation.choices import ChoicePrompt, log_likelihoods
from trainables.forward.adapter import PackedAdapter
from trainables.forward.lora import attach
from trainables.models.adapters import adapted, export, named_trainable
from trainables.models.config import LoraConfig, ModelConfig
from trainables.models.load import load_base

TOY = ModelConfig(name_or_path="toy:llama", dtype="float32")
ASKS = [
    ChoicePrompt([65, 66, 67, 68], [[69, 70, 71], [72], [73, 74]]),
    ChoicePrompt([65], [[10], [11], [12]]),
    ChoicePrompt(list(range(30, 60)), [[61, 62], [63, 64, 65, 66, 67, 68]]),
    ChoicePrompt([5, 6], [[7, 8]]),
]


def one_by_one(model: Any, asks: list[ChoicePrompt]) -> list[list[float]]:
    return [[_alone(model, ask.prompt, option) for option in ask.options] for ask in asks]


def _alone(model: Any, prompt: list[int], option: list[int]) -> float:
    with torch.inference_mode():
        logits = model(input_ids=torch.tensor([prompt + option])).logits[0].double()
    chosen = logits.log_softmax(-1)[len(prompt) - 1 : -1]
    return float(chosen[range(len(option)), option].sum())


@pytest.fixture
def model() -> Any:
    return load_base(TOY, "cpu").model


def flat(rows: list[list[float]]) -> list[float]:
    return [value for row in rows for value in row]


def test_equals_one_forward_an_option(model: Any) -> None:
    assert flat(log_likelihoods(model, ASKS)) == pytest.approx(
        flat(one_by_one(model, ASKS)), abs=1e-4
    )


@pytest.mark.parametrize("budget", [1, 20, 45, 8192])
def test_neighbours_change_nothing(model: Any, budget: int) -> None:
    alone = [log_likelihoods(model, [ask])[0] for ask in ASKS]
    assert flat(log_likelihoods(model, ASKS, budget)) == pytest.approx(flat(alone), abs=1e-4)


def test_every_question_is_told_once(model: Any) -> None:
    told: dict[int, list[float]] = {}
    found = log_likelihoods(model, ASKS, 20, lambda i, values: told.update({i: values}))
    assert [told[i] for i in range(len(ASKS))] == found


@pytest.mark.parametrize(
    ("asks", "budget", "expected"),
    [
        (ASKS, 10, [36, 10, 1]),  # the longest is beyond the budget and goes alone
        ([ASKS[2]] * 57, 8192, [1008, 1008, 36]),  # on a CPU at most 1,024
    ],
)
def test_a_budget_bounds_each_call(
    model: Any, asks: list[ChoicePrompt], budget: int, expected: list[int]
) -> None:
    widths: list[int] = []
    hook = model.register_forward_pre_hook(
        lambda _m, _a, kwargs: widths.append(kwargs["input_ids"].numel()), with_kwargs=True
    )
    log_likelihoods(model, asks, budget)
    hook.remove()
    assert widths == expected


def test_letters_cost_the_prompt_alone(model: Any) -> None:
    assert ChoicePrompt([1, 2, 3], [[4], [5], [6], [7]]).tokens == [1, 2, 3]


@pytest.mark.parametrize("name", MODELS)
def test_architectures(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(MODELS[name][0]).eval()
    assert flat(log_likelihoods(model, ASKS)) == pytest.approx(
        flat(one_by_one(model, ASKS)), abs=1e-4
    )


def test_with_an_adapter_of_peft_and_in_a_pack() -> None:
    base = load_base(TOY, "cpu")
    lora = LoraConfig(r=4, target_modules="all-linear")
    with adapted(base, lora, seed=0) as model:
        for name, parameter in named_trainable(model).items():
            parameter.data.normal_(generator=torch.Generator().manual_seed(len(name)), std=0.1)
        expected = one_by_one(model, ASKS)
        with_peft = log_likelihoods(model, ASKS)
        tensors, settings = named_trainable(model), export(model).config
    plain = log_likelihoods(base.model, ASKS)
    packed = PackedAdapter(tensors, settings, lora, base.model.device, base.dtype)
    hooks = [attach(base.model.get_submodule(path), path) for path in packed.sites]
    in_pack = log_likelihoods(base.model, [ask._replace(adapter=packed) for ask in ASKS])
    for hook in hooks:
        hook.remove()
    assert flat(with_peft) == pytest.approx(flat(expected), abs=1e-4)
    assert flat(in_pack) == pytest.approx(flat(expected), abs=1e-4)
    assert max(abs(a - b) for a, b in zip(flat(plain), flat(expected), strict=True)) > 0.01
