"""Base and trial from one model in memory, as they were when the trial was measured."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import torch

from tests.trainables.sft import trials
from trainables.chat.base_and_tuned import BaseAndTuned, Sampling, opened
from trainables.errors import InputError
from trainables.evaluation.examples import answer_examples
from trainables.models.load import load_base

PROMPT = "You answer."
QUESTIONS = ("Code of case 3?", "Code of case 104?")
SIX = Sampling(max_new_tokens=6)


@pytest.fixture(scope="module")
def config() -> "trials.SFTConfig":
    return trials.config(
        data={"system_prompt": PROMPT},
        evaluation={"max_new_tokens": 6, "examples": QUESTIONS},
        training={"num_train_epochs": 4, "learning_rate": 2e-2},
    )


@pytest.fixture(scope="module")
def trained(
    config: "trials.SFTConfig", tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[str]]:
    """A trial's adapter folder, and what the trial itself answered."""
    reports = trials.run(config)
    adapter = [r.adapter for r in reports if r.adapter][-1]
    folder = tmp_path_factory.mktemp("adapter")
    (folder / "adapter_model.safetensors").write_bytes(adapter.weights)
    answered = [p for p in reports[-1].predictions or () if p["id"].startswith("example")]
    return folder, [p["prediction"] for p in answered]


@pytest.fixture
def pair(config: "trials.SFTConfig", trained: tuple[Path, list[str]]) -> Iterator[BaseAndTuned]:
    with opened(config.model, config.lora, trained[0], PROMPT) as found:
        yield found


def test_each_speaks_with_its_own_voice(
    pair: BaseAndTuned, trained: tuple[Path, list[str]], config: "trials.SFTConfig"
) -> None:
    tuned = [pair.answer(q, True, SIX) for q in QUESTIONS]
    base = [pair.answer(q, False, SIX) for q in QUESTIONS]
    again = [pair.answer(q, True, SIX) for q in QUESTIONS]
    assert tuned == again == trained[1]
    assert base != tuned
    with pair.model.disable_adapter():
        measured = answer_examples(pair.model, pair.tokenizer, config)
    assert base == [p["prediction"] for p in measured]


def test_the_base_is_bare_again_afterwards(
    config: "trials.SFTConfig", trained: tuple[Path, list[str]]
) -> None:
    base = load_base(config.model, "cpu")
    before = answer_examples(base.model, base.tokenizer, config)
    with opened(config.model, config.lora, trained[0], PROMPT) as pair:
        assert pair.model.get_base_model() is base.model
        assert any("lora" in name for name, _ in base.model.named_modules())
    assert not any("lora" in name for name, _ in base.model.named_modules())
    assert answer_examples(base.model, base.tokenizer, config) == before


def test_the_answer_grows_to_what_answer_gives(pair: BaseAndTuned) -> None:
    grown = list(pair.stream(QUESTIONS[0], True, Sampling(max_new_tokens=12)))
    assert len(grown) > 2
    assert all(b.startswith(a) for a, b in pairwise(grown[:-1]))
    assert grown[-1] == pair.answer(QUESTIONS[0], True, Sampling(max_new_tokens=12))


def test_temperature_draws(pair: BaseAndTuned) -> None:
    torch.manual_seed(0)
    hot = {pair.answer(QUESTIONS[0], True, Sampling(12, 1.5)) for _ in range(4)}
    assert len(hot) > 1


def test_leaving_early_stops_the_model_and_lets_the_next_one_in(pair: BaseAndTuned) -> None:
    stream = pair.stream(QUESTIONS[0], True, Sampling(max_new_tokens=900))
    next(stream)
    stream.close()
    assert pair.answer(QUESTIONS[0], False, SIX) == pair.answer(QUESTIONS[0], False, SIX)


def test_what_goes_wrong_within_is_raised(pair: BaseAndTuned) -> None:
    with pytest.raises(InputError, match="is empty"):
        pair.answer("  ", True)
    with pytest.raises(ValueError, match="max_new_tokens"):
        pair.answer("Well?", True, Sampling(max_new_tokens=0))


def test_an_adapter_that_is_missing_or_does_not_fit_is_told(
    config: "trials.SFTConfig", trained: tuple[Path, list[str]], tmp_path: Path
) -> None:
    with (
        pytest.raises(InputError, match="has no adapter_model"),
        opened(config.model, config.lora, tmp_path, None),
    ):
        pass
    other = config.lora.model_copy(update={"r": 8})
    with (
        pytest.raises(InputError, match="does not fit the model"),
        opened(config.model, other, trained[0], None),
    ):
        pass
