"""Benchmarks of trials that end together share the base's calls, and are those of each alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainables.evaluation.benchmarks.fixtures import write_data
from tests.trainables.packing.packs import fields, largest_difference, run_pack
from tests.trainables.sft.trials import TOY, config, prepared
from trainables.context import ListContext
from trainables.data.prepared import Prepared
from trainables.errors import InputError
from trainables.evaluation.benchmarks.answerer import Candidate, LocalModel
from trainables.evaluation.benchmarks.in_trial import Benchmarked, benchmarked, with_benchmarks
from trainables.evaluation.benchmarks.measuring import Store, ask
from trainables.forward.adapter import PackedAdapter
from trainables.models.load import Base
from trainables.packing import benchmarks
from trainables.packing.benchmarks import packed_benchmarks
from trainables.packing.pack import Pack
from trainables.sft.config import SFTConfig

TRAINING = fields(learning_rate=0.05, max_steps=2)
CHOICES = ("accuracy", "brier")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def mmlu(data: Path, *measures: str, **how: Any) -> dict[str, Any]:
    source = str(data / "mmlu_med")
    return {"name": "mmlu_medical", "source": source, "measures": measures, **how}


def covidqa(data: Path, **how: Any) -> dict[str, Any]:
    return {"name": "covidqa", "source": str(data / "covidqa"), **how}


def trial(*asked: dict[str, Any], **sections: dict[str, Any]) -> SFTConfig:
    evaluation = fields(benchmarks=asked, **sections.pop("evaluation", {}))
    return config(evaluation=evaluation, training=TRAINING, **sections)


def of(trials: dict[str, SFTConfig]) -> dict[str, Prepared]:
    return {n: with_benchmarks(prepared(), t.evaluation.benchmarks) for n, t in trials.items()}


@pytest.fixture
def trials(data: Path) -> dict[str, SFTConfig]:
    """Other adapters, system prompts, budgets; benchmarks in common and not."""
    sampled = mmlu(data, "accuracy", "agreement", samples=3, max_new_tokens=4)
    spans = covidqa(data, max_new_tokens=4)
    return {
        "one": trial(mmlu(data, *CHOICES, "generated_accuracy", max_new_tokens=4), spans),
        "other": trial(
            sampled,
            data=fields(system_prompt="Be brief."),
            lora=fields(r=8, target_modules="all-linear"),
        ),
        "small": trial(mmlu(data, *CHOICES, limit=3), evaluation=fields(max_batch_tokens=300)),
        "third": trial(spans, sampled, evaluation=fields(max_new_tokens=3)),
        "none": trial(),
    }


def test_trials_that_end_together_measure_what_each_measures_alone(
    double: Base, trials: dict[str, SFTConfig]
) -> None:
    data = of(trials)
    together = run_pack(double, trials, data)
    for name, own in trials.items():
        alone = run_pack(double, {name: own}, data)[name]
        assert largest_difference(alone, together[name]) < 1e-9
        assert together[name][-1].predictions == alone[-1].predictions
        assert together[name][-1].facts.get("benchmarks", {}).keys() == {
            b.name for b in own.evaluation.benchmarks
        }


@pytest.fixture
def pack(double: Base) -> Iterator[Pack]:
    made = Pack(double, TOY)
    yield made
    made.close()


def joined(pack: Pack, trials: dict[str, SFTConfig]) -> list[tuple[str, Any]]:
    """The trials in the pack, each with weights of its own."""
    data = of(trials)
    for seed, (name, own) in enumerate(trials.items()):
        pack.join(name, own, ListContext(data[name]))
        weights = pack.trials[name].adapter.flat.data
        noise = torch.Generator().manual_seed(seed)
        weights.add_(torch.randn(len(weights), generator=noise).to(weights), alpha=0.3)
    return list(pack.trials.items())


def found(pack: Pack, over: list[tuple[str, Any]]) -> dict[str, Benchmarked]:
    return {name: own.found for name, own in packed_benchmarks(pack, over).items()}


def test_they_share_the_base_s_calls(pack: Pack, data: Path) -> None:
    asked = mmlu(data, *CHOICES, "generated_accuracy", max_new_tokens=4)
    asked = {**asked, "limit": 2}
    over = joined(pack, {name: trial(asked) for name in "abc"})
    calls: list[int] = []
    hook = pack.base.model.register_forward_hook(lambda *_: calls.append(1))
    together = found(pack, over)
    shared = len(calls)
    alone = [found(pack, [one]) for one in over]
    hook.remove()
    assert len({str(own.predictions) for own in together.values()}) == 3
    assert alone == [{name: own} for name, own in together.items()]
    assert len(calls) == shared + 3 * shared
    assert shared <= 1 + 4


def test_the_base_as_it_is_beside_a_pack(pack: Pack, data: Path) -> None:
    asked = trial(mmlu(data, *CHOICES, "generated_accuracy", max_new_tokens=4))
    ((_, one),) = joined(pack, {"a": asked})
    loaded = one.context.prepared.benchmarks

    def measured(*adapters: PackedAdapter | None) -> list[Benchmarked]:
        candidates = [Candidate(None, adapter) for adapter in adapters]
        store: Store = {}
        model = LocalModel(pack.base.model, pack.base.tokenizer, candidates, 4096)
        ask(model, [loaded] * len(candidates), store)
        return [benchmarked(loaded, store, n) for n in range(len(candidates))]

    base, own = measured(None), measured(one.adapter)
    assert base[0].predictions != own[0].predictions
    mixed = measured(None, one.adapter, None)
    assert [m.predictions for m in mixed] == [m.predictions for m in (*base, *own, *base)]
    pack.close()  # its hooks are gone
    assert measured(None)[0].metrics == base[0].metrics


def test_a_poisoned_trial_changes_no_other_by_one_bit(pack: Pack, data: Path) -> None:
    asked = mmlu(data, *CHOICES, "generated_accuracy", "agreement", samples=2, max_new_tokens=4)
    greedy = covidqa(data, max_new_tokens=4)
    over = joined(pack, {name: trial(asked, greedy) for name in "abc"})
    calls: list[int] = []
    hook = pack.base.model.register_forward_hook(lambda *_: calls.append(1))
    clean, shared = found(pack, over), len(calls)
    pack.trials["b"].adapter.flat.data.fill_(float("nan"))
    poisoned = found(pack, over)
    hook.remove()
    assert len(calls) == 2 * shared  # nobody is asked again
    assert poisoned == {name: clean[name] for name in "ac"}
    ((name, error),) = pack._ended
    assert name == "b"
    assert "gives no number for" in str(error)


def test_what_one_cannot_be_asked_or_measured_ends_that_one(pack: Pack, data: Path) -> None:
    asked, encoder = mmlu(data, *CHOICES), str(data / "nowhere")
    unmeasured = covidqa(data, measures=["bertscore_f1"], bertscore_model=encoder, max_new_tokens=1)
    over = joined(pack, {"a": trial(asked), "asked": trial(asked), "c": trial(unmeasured)})
    context = pack.trials["asked"].context
    assert isinstance(context, ListContext)
    broken = context.prepared.benchmarks[0]._replace(instruction="poem")
    context.prepared = context.prepared._replace(benchmarks=(broken,))
    expected = found(pack, over[:1])
    assert found(pack, over) == expected
    assert list(pack.trials) == ["a"]
    errors = {ended.name: ended.error for ended in pack._ended}
    assert isinstance(errors["asked"], KeyError)
    assert isinstance(errors["c"], InputError)


def test_the_others_report_their_results(pack: Pack, data: Path) -> None:
    asked, encoder = mmlu(data, *CHOICES), str(data / "nowhere")
    unmeasured = covidqa(data, measures=["bertscore_f1"], bertscore_model=encoder, max_new_tokens=1)
    trials = {"a": trial(asked), "b": trial(unmeasured)}
    contexts = {name: ListContext(rows) for name, rows in of(trials).items()}
    for name, own in trials.items():
        pack.join(name, own, contexts[name])
    ended = [each for _ in range(2) for each in pack.step()]
    assert {each.name: type(each.error) for each in ended} == {"a": type(None), "b": InputError}
    assert len(ended) == 2
    assert [contexts[name].reports[-1].final for name in trials] == [True, False]


def test_seconds_are_divided_by_tokens(
    pack: Pack, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = Benchmarked({}, (), {})
    monkeypatch.setattr(benchmarks, "benchmarked", lambda *_: nothing)  # takes no time
    few, many = mmlu(data, *CHOICES, limit=2), mmlu(data, *CHOICES, limit=8)
    sampled = mmlu(data, *CHOICES, "agreement", limit=8, samples=5, max_new_tokens=8)
    asked = {"few": few, "many": many, "sampled": sampled, "long": {**few, "few_shot": 4}}
    over = joined(pack, {name: trial(own) for name, own in asked.items()})
    seconds = {name: own.seconds for name, own in packed_benchmarks(pack, over).items()}
    assert seconds["many"] == pytest.approx(4 * seconds["few"], rel=0.1)
    assert seconds["sampled"] > 3 * seconds["many"]
    assert seconds["long"] > 3 * seconds["few"]
