"""What a GRPO trial reports, and what it learns."""

import warnings
from dataclasses import replace
from typing import Any

import pytest
import torch

from tests.trainables.grpo.trials import LETTERS, config, run
from tests.trainables.sft import trials as sft
from trainables.context import ListContext
from trainables.errors import InputError
from trainables.grpo.trainer import MedsweepGRPOTrainer
from trainables.models.reference import NAME
from trainables.saved import Checkpoint, SavedAdapter
from trainables.section import Section
from trainables.training.untouched import evaluate

HERE = "tests.trainables.grpo.test_train"


def constant(prompts: Any, completions: list[str], **columns: Any) -> list[float]:
    return [0.5 for _ in completions]


def test_what_is_reported() -> None:
    reports = run(config())
    *during, end = reports
    assert [r.rung for r in during] == [0.25, 0.5, 1.0]  # 5 prompts, 2 a step
    for report in during:
        told = report.metrics
        assert told["reward"] == pytest.approx(told["reward_letters"])
        assert {"val_loss", "kl", "answer_tokens", "truncated", "entropy"} <= told.keys()
        assert {"clip_fraction", "policy_loss"} <= told.keys()
        assert told["sampled_reward"] == pytest.approx(told["sampled_reward_letters"])
        for name in ("answer_tokens", "sampled_answer_tokens"):
            assert 1 <= told[name] <= 6
        for name in ("truncated", "sampled_truncated"):
            assert 0 <= told[name] <= 1
    assert during[0].metrics["kl"] == pytest.approx(0, abs=1e-5)  # the first step only warms up
    assert during[0].metrics["sampled_kl"] == pytest.approx(0, abs=1e-5)
    assert abs(during[-1].metrics["kl"]) > 1e-3
    best = during[[0.25, 0.5, 1.0].index(_best(during))]
    for name in ("reward", "kl", "val_loss", "truncated"):
        assert end.metrics[name] == best.metrics[name]
    assert end.facts["tokens"] > 3 * 8 * 6
    assert end.facts["engine"] == "isolated"


def _best(reports: list[Any]) -> float:
    return float(max(reports, key=lambda r: r.metrics["reward"]).rung)


def test_rewards_and_weights_are_those_of_the_section(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {LETTERS: 3, f"{HERE}:constant": 1, "brevity": 0}
    seen: list[tuple[torch.Tensor, list[str]]] = []

    class Spy(MedsweepGRPOTrainer):
        def run(self, scratch: Any) -> None:
            seen.append((self.reward_weights, self.reward_func_names))
            super().run(scratch)

    monkeypatch.setattr("trainables.grpo.train.MedsweepGRPOTrainer", Spy)
    told = run(config(reward={"weights": weights}, training={"max_steps": 1}))[-1].metrics
    assert told["reward"] == pytest.approx(0.75 * told["reward_letters"] + 0.25 * 0.5)
    assert told["reward_constant"] == 0.5
    assert "reward_brevity" not in told
    ((given, names),) = seen
    assert given.tolist() == [0.75, 0.25]
    assert names == ["letters", "constant"]


def columns_seen(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
    assert columns["question"] == prompts
    assert set(columns) == {
        *("question", "answer", "context", "options", "gold", "rationale", "unsafe")
    }
    return [float(answer.startswith("Code")) for answer in columns["answer"]]


def test_rewards_get_the_columns_of_their_row() -> None:
    told = run(config(reward={"weights": {f"{HERE}:columns_seen": 1}}, training={"max_steps": 1}))
    assert told[-1].metrics["reward_columns_seen"] == 1


WRITTEN: dict[str, set[str]] = {}


def remembered(prompts: list[str], completions: list[str], **columns: Any) -> list[float]:
    for prompt, answer in zip(prompts, completions, strict=True):
        WRITTEN.setdefault(prompt, set()).add(answer)
    return [len(answer) / 1000 for answer in completions]


@pytest.mark.parametrize(("top_p", "several"), [(1.0, True), (1e-6, False)])
def test_top_p_keeps_to_the_likeliest_tokens(top_p: float, several: bool) -> None:
    WRITTEN.clear()
    training = {"max_steps": 1, "top_p": top_p, "warmup_steps": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(config(reward={"weights": {f"{HERE}:remembered": 1}}, training=training))
    asked = max(len(answers) for answers in WRITTEN.values())  # 8 answers to a prompt
    assert (asked > 1) == several


def test_it_learns() -> None:
    more = {"per_device_train_batch_size": 16, "num_generations": 16, "max_steps": 25, "beta": 0}
    reports = run(config(training={**more, "learning_rate": 5e-2}))
    sampled = [r.metrics["sampled_reward"] for r in reports[:-1]]
    assert sum(sampled[-5:]) / 5 > sum(sampled[:5]) / 5 + 0.2
    assert reports[-1].metrics["reward"] > reports[0].metrics["reward"]
    assert reports[-1].metrics["reward"] == max(r.metrics["reward"] for r in reports)


def test_equal_rewards_only_warn() -> None:
    with pytest.warns(UserWarning, match="no gradient in 3 steps"):
        reports = run(config(reward={"weights": {f"{HERE}:constant": 1}}, training={"beta": 0}))
    assert reports[-1].final
    assert reports[-1].metrics["kl"] == pytest.approx(0, abs=1e-6)


def test_a_mistake_of_a_reward_ends_the_trial_with_its_reason() -> None:
    with pytest.raises(InputError, match="not_there"):
        run(config(reward={"weights": {"not_there:at_all": 1}}))


def test_rows_that_ask_nothing_are_refused() -> None:
    plain = sft.prepared(train=5)
    plain.train.questions[1] = ""
    with pytest.raises(InputError, match="1 of 5 rows without a question"):
        run(config(), data=plain)


def test_the_divergence_is_that_of_the_sampled_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against whole forward passes, an answer at a time without padding."""
    expected: list[float] = []
    evaluated: list[float] = []
    ended: list[bool] = []

    class Spy(MedsweepGRPOTrainer):
        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> torch.Tensor:
            answers = _kept(inputs, "completion")
            expected.append(_divergence(self.model, _kept(inputs, "prompt"), answers))
            ended.append(not inputs["completion_mask"].all())
            return super()._compute_loss(model, inputs)

        def divergence(self, prompts: Any, answers: Any) -> list[float]:
            found = [torch.tensor(ids, dtype=torch.long) for ids in (*prompts, *answers)]
            evaluated.append(_divergence(self.model, found[: len(prompts)], found[len(prompts) :]))
            return super().divergence(prompts, answers)

    monkeypatch.setattr("trainables.grpo.train.MedsweepGRPOTrainer", Spy)
    longer = {"max_completion_length": 40}
    during = run(config(training={"beta": 0.5, "max_steps": 4, **longer}))[:-1]
    pairs = zip(expected[::2], expected[1::2], strict=True)
    told = [r.metrics["sampled_kl"] for r in during]
    assert told == pytest.approx([(a + b) / 2 for a, b in pairs], rel=1e-3, abs=1e-5)
    assert abs(told[-1]) > 1e-3
    told = [r.metrics["kl"] for r in during]
    assert told == pytest.approx(evaluated, rel=1e-3, abs=1e-5)
    assert abs(told[-1]) > 1e-3
    assert any(ended)  # some answers are shorter than others, and padded


def _kept(inputs: dict[str, Any], part: str) -> list[torch.Tensor]:
    pairs = zip(inputs[f"{part}_ids"], inputs[f"{part}_mask"], strict=True)
    return [ids[mask > 0] for ids, mask in pairs]


@torch.no_grad()
def _divergence(model: Any, prompts: list[torch.Tensor], answers: list[torch.Tensor]) -> float:
    gaps = []
    for prompt, answer in zip(prompts, answers, strict=True):
        ids = torch.cat([prompt, answer])[None]
        policy = _answer_logp(model, ids, len(prompt))
        with model.disable_adapter():
            gaps.append(policy - _answer_logp(model, ids, len(prompt)))
    return sum(gaps) / len(gaps)


def _answer_logp(model: Any, ids: torch.Tensor, start: int) -> float:
    logits = model.base_model.model.lm_head(model.base_model.model.model(ids).last_hidden_state)
    logp = logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])
    return float(logp[start - 1 :].sum())


def test_a_trial_is_held_to_its_reference() -> None:
    supervised = sft.run(sft.config())
    kept = [r.adapter for r in supervised if r.adapter][-1]
    start = Checkpoint(kept.weights, b"", {"step": 0, "updates": 0, "scaler": None})
    fresh = run(config())[0]  # held to the base
    other = next(r.adapter for r in supervised if r.adapter and r.step > 2)
    near, away = (run(config(), c)[0] for c in (start, replace(start, frozen={"reference": other})))
    assert near.metrics["kl"] == pytest.approx(0, abs=1e-5)
    assert abs(away.metrics["kl"]) > 0.01
    frozen = [report.checkpoint and report.checkpoint.frozen for report in (fresh, near, away)]
    assert frozen[0] == {}
    assert frozen[1]
    assert frozen[1]["reference"].weights == kept.weights
    assert frozen[2] == {"reference": other}


def test_a_reference_of_another_model_is_refused() -> None:
    kept = next(r.adapter for r in run(config()) if r.adapter)
    odd = SavedAdapter({**kept.config, "target_modules": ["k_proj"]}, kept.weights)
    start = Checkpoint(kept.weights, b"", {"step": 0, "updates": 0, "scaler": None})
    with pytest.raises(ValueError, match="reference"):
        run(config(), replace(start, frozen={"reference": odd}))


def test_the_untouched_base_is_measured_as_a_trial_that_has_not_moved() -> None:
    trial = config(training={"learning_rate": 1e-12, "max_steps": 1})
    context = ListContext(sft.prepared(train=5))
    evaluate(trial, context)
    (report,) = context.reports
    first = run(trial)[0].metrics
    for name in ("val_loss", "reward_letters", "answer_tokens", "truncated"):
        assert report.metrics[name] == pytest.approx(first[name], rel=1e-5)
    assert "reward" not in report.metrics  # trials may weigh it differently


def test_the_base_is_left_as_it_was() -> None:
    trial = sft.config(training={"max_steps": 2})
    before = [sft.essence(r) for r in sft.run(trial)]
    run(config(training={"gradient_checkpointing": True}))
    assert [sft.essence(r) for r in sft.run(trial)] == before


@pytest.mark.parametrize(
    ("training", "said"),
    [
        ({"num_generations": 3}, "an optimizer step has 8 answers, which is no multiple"),
        ({"num_generations": 1}, "greater than or equal to 2"),
        ({"temperature": 0}, "greater than 0"),
        ({"regularizer": {"kind": "l2_start", "weight": 1}}, "should be None"),
    ],
)
def test_mistakes_are_told(training: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        config(training=training)


def test_the_sections_are_closed() -> None:
    assert issubclass(type(config()), Section)
    with pytest.raises(ValueError, match="Extra inputs"):
        config(training={"num_generation": 2})
    assert NAME == "ref"


def test_no_warning_without_a_reason() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="no gradient")
        run(config())
