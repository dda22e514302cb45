"""The test rows are opened once the search is over, for the chosen trial, and must be the same."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from analysis.decision import decided
from analysis.export import model_card
from analysis.report.sealed_test import sealed_test_passage
from analysis.runs import load_run
from analysis.sealed_test import FILE, measure_test, told
from sweeps.launch.in_process import run_one, single_trial
from sweeps.reading.loading import load_spec
from trainables.errors import InputError


def written(path: Path, numbers: range, pairs: bool) -> str:
    rows = [
        {"prompt": f"What is {n}?", "chosen": f"It is {n} of {n * n}.", "rejected": f"No {n}."}
        if pairs
        else {"question": f"What is {n}?", "answer": f"It is {n}, after {n - 1} of {n * n}."}
        for n in numbers
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def made(folder: Path, kind: str = "sft", more: Any = None, **data: Any) -> Path:
    """A run of one trial; `more` are other sections of it."""
    folder.mkdir(exist_ok=True)
    pairs = kind in ("dpo", "reward")
    source = written(folder / "rows.jsonl", range(60), pairs)
    own = data or {"test": written(folder / "exam.jsonl", range(100, 106), pairs)}
    trial = {
        "kind": kind,
        "model": {"name_or_path": "toy:llama", "dtype": "float32"},
        "data": {"source": source, "system_prompt": None, **own},
        "training": {"max_steps": 3, "max_length": 96, "learning_rate": 1e-2},
        **(more or {}),
    }
    spec = {"name": "x", "trial": trial, "search": {"parameters": {}, "num_trials": 1}}
    spec["limits"] = {"min_training_rows": 1}  # so few are meant
    file = folder / "spec.yaml"
    file.write_text(json.dumps(spec))
    loaded = single_trial(load_spec(str(file), []), folder, None)
    run_one(loaded, folder / "run", lambda sweep, place: [], lambda line: None)
    return folder / "run"


@pytest.mark.parametrize("kind", ["sft", "dpo"])
def test_the_chosen_trial_and_its_base_on_rows_that_nobody_saw(
    cache: Path, tmp_path: Path, kind: str
) -> None:
    folder = made(tmp_path, kind)
    decision = decided(folder)
    found = measure_test(decision.run, "EXP-001")
    assert found.rows == 6
    assert found.metrics["val_loss"] != found.base["val_loss"]
    assert told(found) == "Measured on the 6 test rows, which no trial has read."
    kept = json.loads((folder / FILE).read_text())["measured"]["EXP-001"]
    assert kept["metrics"] == found.metrics
    assert measure_test(decision.run, "EXP-001") == found
    assert decision.choice is not None
    card = model_card(load_run(folder), decision.choice, merged=False, tokenizer=False)
    assert "## Measured on the test rows" in card
    assert f"{found.metrics['val_loss']:.4f}" in card
    other = {**json.loads((folder / FILE).read_text())["measured"], "EXP-007": {}}
    (folder / FILE).write_text(json.dumps({"measured": other}))
    assert "Caution: EXP-007 was measured on them before" in told(
        measure_test(decision.run, "EXP-001")
    )


def test_a_split_off_share_may_be_opened_too(cache: Path, tmp_path: Path) -> None:
    folder = made(tmp_path, split=[0.6, 0.2, 0.2])
    assert measure_test(load_run(folder), "EXP-001").rows == 12


def test_other_rows_than_were_sealed_are_refused(cache: Path, tmp_path: Path) -> None:
    folder = made(tmp_path)
    written(tmp_path / "exam.jsonl", range(200, 206), False)
    with pytest.raises(InputError, match=r"data\.test: the test rows are no longer those"):
        measure_test(load_run(folder), "EXP-001")


def test_without_test_rows_there_is_nothing_to_open(cache: Path, tmp_path: Path) -> None:
    folder = made(tmp_path, split=[0.8, 0.2, 0.0])
    with pytest.raises(InputError, match=r"data\.test: the run kept no test rows"):
        measure_test(load_run(folder), "EXP-001")


def test_a_reward_model_ranks_the_test_pairs(cache: Path, tmp_path: Path) -> None:
    folder = made(tmp_path, "reward", test=None, split=[0.6, 0.2, 0.2])
    run = load_run(folder)
    found = measure_test(run, "EXP-001")
    assert found.rows == 12
    assert set(found.metrics) == set(found.base)
    assert {"val_loss", "pairwise_accuracy", "pairwise_ece", "pairwise_brier"} <= set(found.metrics)
    assert found.metrics["val_loss"] != found.base["val_loss"]


def open_validation_instead(config: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens the test rows of this trial is given its validation rows."""
    from trainables.data import sealed as opening
    from trainables.data.prepare import prepare
    from trainables.models.resolve import resolve
    from trainables.models.tokenizer import load_tokenizer, tokenizer_key

    def validation(data: Any, *_: Any) -> Any:
        folder = resolve(config.model, print)
        words = partial(load_tokenizer, folder), tokenizer_key(folder)
        return opening.OpenedRows(prepare(data, *words, 96).validation, "")

    monkeypatch.setattr(opening, "open_test", validation)


def test_a_measure_of_test_rows_is_that_of_validation_rows(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given the validation rows as if they were the test's, it says what the sweep has said."""
    from trainables.kinds import trial_config

    for kind, more in (("reward", {}), ("sft", {"lora": None}), ("sft", {})):
        folder = made(tmp_path / f"{kind}{len(more)}", kind, more=more)
        run = load_run(folder)
        view = run.find("EXP-001")
        config = trial_config(view.config)
        open_validation_instead(config, monkeypatch)
        found = measure_test(run, "EXP-001")
        base = run.base_of(view)
        assert base is not None
        names = found.metrics.keys() & {"val_loss", "pairwise_accuracy", "perplexity", "rouge1"}
        for name in names:
            assert found.metrics[name] == pytest.approx(view.metrics[name], rel=1e-5), (kind, name)
            assert found.base[name] == pytest.approx(base.metrics[name], rel=1e-5), (kind, name)


def test_all_weights_are_measured_and_leave_the_base_as_it_was(cache: Path, tmp_path: Path) -> None:
    folder = made(tmp_path, more={"lora": None})
    first = measure_test(load_run(folder), "EXP-001")
    assert first.metrics["val_loss"] != first.base["val_loss"]
    assert measure_test(load_run(folder), "EXP-001") == first


def test_answers_to_test_rows_earn_their_rewards(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the validation rows it says what the sweep has said, where sampling hardly draws."""
    from trainables.kinds import trial_config

    more = {
        "training": {"max_steps": 1, "max_length": 96, "response_length": 8},
        "evaluation": {"limit": 4, "temperature": 0.001, "max_new_tokens": 8},
        "reward": {"weights": {"terminology": 1, "safety": 1}},
    }
    folder = made(tmp_path, "ppo", more)
    run = load_run(folder)
    view = run.find("EXP-001")
    config = trial_config(view.config)
    open_validation_instead(config, monkeypatch)
    found = measure_test(run, "EXP-001")
    for name in ("reward", "reward_terminology", "reward_safety", "answer_tokens", "truncated"):
        assert found.metrics[name] == pytest.approx(view.metrics[name], abs=1e-6), name
    assert "reward" not in found.base
    assert {"reward_terminology", "reward_safety"} <= found.base.keys()


def test_what_the_test_does_not_tell_is_said(tmp_path: Path) -> None:
    from tests.analysis.fixtures import write_run

    search = {"objective": [{"metric": m, "mode": "max"} for m in ("reward", "kl")]}
    folder = write_run(tmp_path / "run", **search)
    measured = {"EXP-002": {"val_loss": 0.7, "reward_safety": 0.5, "rouge1": 0.2}}
    own = {"opened": "2026-01-01T00:00:00+00:00", "chosen": "EXP-002", "rows": 6}
    own |= {"runs": {"EXP-002": ["EXP-002"]}, "measured": measured, "base": {}}
    (folder / FILE).write_text(json.dumps({"openings": [own]}))
    run = load_run(folder)
    passage = sealed_test_passage(run, run.find("EXP-002"))
    assert passage is not None
    said = " ".join(passage.sentences)
    assert "Not measured on the test: Reward and KL." in said
    headings = [heading for heading, _ in passage.tables]
    assert headings[:2] == ["Val Loss", "Reward: safety"]


def test_the_base_model_earns_by_the_weights_of_the_choice(tmp_path: Path) -> None:
    from tests.analysis.fixtures import write_run

    folder = write_run(tmp_path / "run", objective={"metric": "reward", "mode": "max"})
    config = folder / "trials" / "EXP-002" / "config.json"
    entry = json.loads(config.read_text())
    entry["config"]["reward"] = {"weights": {"safety": 3, "terminology": 1}}
    config.write_text(json.dumps(entry))
    base = {"reward_safety": 0.5, "reward_terminology": 0.1}
    own = {"opened": "2026-01-01T00:00:00+00:00", "chosen": "EXP-002", "rows": 6, "base": base}
    own |= {"runs": {"EXP-002": ["EXP-002"]}, "measured": {"EXP-002": {"reward": 0.8}}}
    (folder / FILE).write_text(json.dumps({"openings": [own]}))
    run = load_run(folder)
    passage = sealed_test_passage(run, run.find("EXP-002"))
    assert passage is not None
    assert [cell.text for cell in passage.tables[0][1].lines[-1].cells][4] == "0.4000"
