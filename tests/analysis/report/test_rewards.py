"""The report's section on rewards: which values stand where, and what is drawn."""

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.best import write_best
from analysis.decision import decided
from analysis.report import write_report
from analysis.report.rewards import reward_passage
from analysis.runs import load_run
from tests.analysis import fixtures

EARNED = {"reward": 0.61, "reward_safety": 0.9, "reward_brevity": 0.32, "kl": 1.25}


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    resolved = fixtures.spec()
    resolved["trial"] = {**resolved["trial"], "kind": "ppo"}
    fixtures.write_head(folder, resolved)
    record = folder / "base" / fixtures.BASE / "record.json"
    content = json.loads(record.read_text())
    content["metrics"] |= {"reward_safety": 0.8, "answer_tokens": 33.0}
    record.write_text(json.dumps(content))
    for number in (1, 2):
        trial = fixtures.write_trial(
            folder, number, {"lora.r": 8 * number}, {"val_loss": 2.0, **EARNED}
        )
        lines = [
            {"step": s, "planned_steps": 4, "sampled_reward": 0.1 * s, "sampled_kl": 0.2 * s}
            for s in range(1, 5)
        ]
        _append(trial / "metrics.jsonl", lines)
    return folder


def _append(path: Path, lines: list[dict[str, Any]]) -> None:
    with path.open("a", encoding="utf-8") as stream:
        stream.writelines(json.dumps(line) + "\n" for line in lines)


def test_a_line_a_trial_and_one_for_the_base_model(run: Path) -> None:
    found = load_run(run)
    passage = reward_passage(found, found.trials[0])
    assert passage
    ((_, table),) = passage.tables
    heads = [column.title for column in table.columns]
    assert heads == [
        "Experiment",
        "Reward",
        "Reward: brevity",
        "Reward: safety",
        "KL",
        "Answer Tokens",
    ]
    cells = [[cell.text for cell in line.cells] for line in table.lines]
    assert cells[0] == ["Base model", "–", "–", "0.8000", "–", "33.0"]
    assert cells[1] == ["EXP-001", "0.6100", "0.3200", "0.9000", "1.25", "–"]
    assert [line.kind for line in table.lines] == ["", "chosen", ""]


def _weigh(run: Path, number: int, weights: dict[str, float]) -> None:
    path = run / "trials" / f"EXP-{number:03d}" / "config.json"
    content = json.loads(path.read_text())
    content["config"] |= {"kind": "ppo", "reward": {"weights": weights}}
    path.write_text(json.dumps(content))


def test_the_base_models_total_where_all_trials_weigh_its_rewards_alike(run: Path) -> None:
    record = run / "base" / fixtures.BASE / "record.json"
    content = json.loads(record.read_text())
    content["metrics"] |= {"reward_brevity": 0.4}
    record.write_text(json.dumps(content))
    alike = {"safety": 3.0, "brevity": 1.0}
    for number in (1, 2):
        _weigh(run, number, alike)
    assert _base_total(run) == "0.7000"
    resolved = json.loads((run / "spec.resolved.json").read_text())
    resolved["search"]["objective"] = {"metric": "reward", "mode": "max"}
    (run / "spec.resolved.json").write_text(json.dumps(resolved))
    best = write_best(decided(run))
    assert best is not None
    assert "worse in Reward (0.7000 → 0.6100)" in best["explanation"]
    assert "no better than the untouched base model (Reward 0.7000 → 0.6100)" in best["explanation"]
    _weigh(run, 2, {"safety": 1.0, "brevity": 1.0})
    assert _base_total(run) == "–"


def _base_total(run: Path) -> str:
    found = load_run(run)
    passage = reward_passage(found, found.trials[0])
    assert passage
    return passage.tables[0][1].lines[0].cells[1].text


def test_the_curves_are_of_the_answers_trained_on(run: Path) -> None:
    found = load_run(run)
    passage = reward_passage(found, None)
    assert passage
    reward, kl, tokens = passage.figures
    assert reward.title == "Reward of the answers trained on"
    assert reward.data
    assert reward.data["data"][0]["y"] == pytest.approx([0.1, 0.2, 0.3, 0.4])
    assert kl.data
    assert kl.data["data"][1]["y"] == pytest.approx([0.2, 0.4, 0.6, 0.8])
    assert tokens.data is None
    assert "no trial has measured" in tokens.caption


def test_both_formats_show_it(run: Path) -> None:
    write_report([decided(run)])
    for name in ("report.md", "report.html"):
        assert "Reward: brevity" in (run / name).read_text(encoding="utf-8")


def test_supervised_runs_have_none(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path / "run", fixtures.spec())
    fixtures.write_trial(tmp_path / "run", 1, {"lora.r": 8}, {"val_loss": 1.0})
    assert reward_passage(load_run(tmp_path / "run"), None) is None
