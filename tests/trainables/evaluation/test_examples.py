"""evaluation.examples: answered by every engine and the base model, and never scored."""

from typing import Any

import pytest
from pydantic import ValidationError

from tests.trainables.packing import packs
from tests.trainables.sft import trials
from trainables.context import ListContext, Report
from trainables.data.chat_format import encode_many, prompts
from trainables.evaluation.config import EvaluationConfig
from trainables.models.load import load_base
from trainables.training import untouched

QUESTIONS = ("Code of case 3?", "What is the capital of France?")


def _config(examples: tuple[str, ...], **evaluation: Any) -> "trials.SFTConfig":
    return trials.config(training={"max_steps": 2}, evaluation={"examples": examples, **evaluation})


def _base(config: "trials.SFTConfig") -> Report:
    context = ListContext(trials.prepared())
    untouched.evaluate(config, context)
    return context.reports[-1]


def _isolated(config: "trials.SFTConfig") -> Report:
    return trials.run(config)[-1]


def _packed(config: "trials.SFTConfig") -> Report:
    return packs.run_pack(load_base(trials.TOY, "cpu"), {"only": config})["only"][-1]


@pytest.mark.parametrize("engine", [_base, _isolated, _packed])
def test_examples_are_answered_and_not_scored(engine: Any) -> None:
    plain, asked = engine(_config(())), engine(_config(QUESTIONS))
    assert asked.predictions[:2] == plain.predictions
    extra = asked.predictions[2:]
    assert [(p["id"], p["question"]) for p in extra] == [
        ("example-1", QUESTIONS[0]),
        ("example-2", QUESTIONS[1]),
    ]
    assert all(set(p) == {"id", "question", "prediction"} and p["prediction"] for p in extra)
    for name in ("rouge1", "bleu", "val_loss"):
        assert asked.metrics[name] == plain.metrics[name]


def test_examples_need_no_metric_of_text() -> None:
    for engine in (_isolated, _packed):
        report = engine(_config(QUESTIONS, metrics=("perplexity",)))
        assert [p["id"] for p in report.predictions] == ["example-1", "example-2"]
        assert "rouge1" not in report.metrics


def test_engines_agree() -> None:
    first, second = (engine(_config(QUESTIONS)).predictions for engine in (_isolated, _packed))
    assert first == second


def test_prompts_are_those_of_training() -> None:
    tokenizer = trials.toy_tokenizer()
    for system in (None, "You answer."):
        (row,) = encode_many(tokenizer, [(QUESTIONS[0], "An answer.")], system, 200)
        assert row is not None
        assert prompts(tokenizer, QUESTIONS[:1], system) == [row.input_ids[: row.answer_start]]
    assert prompts(tokenizer, [], None) == []


def test_an_empty_question_is_refused() -> None:
    with pytest.raises(ValidationError):
        EvaluationConfig(examples=("",))
