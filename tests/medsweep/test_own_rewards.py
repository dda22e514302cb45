"""A sweep with a reward of one's own, from the folder of its spec, wherever it is started."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.medsweep.processes import medsweep

REWARDS = """
import nc_words

def topical(prompts, completions, **columns):
    assert all(topic.startswith("t") for topic in columns["topic"])
    return [nc_words.share(c) for c in completions]

def boom(prompts, completions, **columns):
    return [columns["nosuch"][0] for c in completions]
"""


def spec(folder: Path, reward: str, **training: Any) -> Path:
    folder.mkdir()
    (folder / "nc_mine.py").write_text(REWARDS)
    (folder / "nc_words.py").write_text("def share(text): return 1 / (1 + len(text))\n")
    rows = [
        f"What is the code of drug{n * 37}?,Code {n} of drug{n * 37},t{n % 3}" for n in range(60)
    ]
    (folder / "q.csv").write_text("\n".join(["Question,Answer,topic", *rows]))
    steps = {
        "max_steps": 1,
        "response_length": 4,
        "per_device_train_batch_size": 4,
        "max_length": 512,
    }
    content = {
        "name": "mine",
        "trial": {
            "kind": "ppo",
            "model": {"name_or_path": "toy:llama"},
            "data": {
                "source": str(folder / "q.csv"),
                "fields": {"question": "Question", "answer": "Answer"},
                "private": True,
                "system_prompt": None,
            },
            "training": {**steps, **training},
            "evaluation": {"metrics": [], "limit": 4},
            "reward": {"weights": {f"nc_mine:{reward}": 1}},
        },
        "search": {
            "num_trials": 1,
            "sampler": "random",
            "objective": {"metric": f"reward_{reward}", "mode": "max"},
            "parameters": {"training.learning_rate": {"values": [0.0001, 0.001, 0.002]}},
        },
        "cluster": {"trials_per_gpu": 1},
    }
    file = folder / "spec.yaml"
    file.write_text(json.dumps(content))
    return file


def grpo(content: dict[str, Any]) -> None:
    steps = {"max_steps": 1, "num_generations": 2, "max_completion_length": 4, "max_length": 512}
    training = {**steps, "per_device_train_batch_size": 4}
    content["trial"] = {**content["trial"], "kind": "grpo", "training": training}


def staged(content: dict[str, Any]) -> None:
    """SFT, then PPO with the reward."""
    trial = content["trial"]
    data, reward, steps = (trial.pop(name) for name in ("data", "reward", "training"))
    sft = {"max_steps": 1, "per_device_train_batch_size": 4, "max_length": 512}
    stages = [
        {"name": "answers", "kind": "sft", "data": data, "training": sft},
        {"name": "policy", "kind": "ppo", "data": data, "training": steps, "reward": reward},
    ]
    content["trial"] = {**trial, "kind": "staged", "stages": stages}
    values = content["search"]["parameters"].pop("training.learning_rate")
    content["search"]["parameters"]["stages.1.training.learning_rate"] = values


def packed(content: dict[str, Any]) -> None:
    content["cluster"] = {"trials_per_gpu": 2}


@pytest.mark.slow
@pytest.mark.parametrize("sort", [packed, grpo, staged])
def test_every_sort_of_trial_finds_them(tmp_path: Path, sort: Callable[[Any], None]) -> None:
    file, runs = spec(tmp_path / "spec", "topical"), tmp_path / "runs"
    content = json.loads(file.read_text())
    content["search"]["num_trials"] = 2
    sort(content)
    file.write_text(json.dumps(content))
    done = medsweep(tmp_path / "cache", "run", file, "--output", runs, "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(f.read_text()) for f in runs.glob("mine/trials/*/record.json")]
    assert [record["state"] for record in found] == ["complete"] * 2
    assert all(0 < record["metrics"]["reward_topical"] <= 1 for record in found)
    if sort is not staged:  # whose stages each have an engine
        engine = "packed" if sort is packed else "isolated"
        assert {record["engine"] for record in found} == {engine}


@pytest.mark.slow
def test_run_and_resume_from_anywhere(tmp_path: Path) -> None:
    file, runs, cache = spec(tmp_path / "spec", "topical"), tmp_path / "runs", tmp_path / "cache"
    done = medsweep(cache, "run", file, "--output", runs)
    assert done.returncode == 0, done.stdout + done.stderr
    kept = json.loads((runs / "mine/modules.json").read_text())
    assert kept["folder"] == str(tmp_path / "spec")
    done = medsweep(cache, "resume", runs / "mine", "--num-trials", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    states = [json.loads(f.read_text())["state"] for f in runs.glob("mine/trials/*/record.json")]
    assert states == ["complete"] * 2
    (tmp_path / "spec/nc_mine.py").write_text(REWARDS + "\n# another\n")
    done = medsweep(cache, "resume", runs / "mine", "--num-trials", "3")
    assert done.returncode == 2
    assert "your nc_mine in" in done.stderr
    assert "no longer what it was" in done.stderr


def test_a_mistake_in_it_is_told_as_its_own(tmp_path: Path) -> None:
    file, runs = spec(tmp_path / "spec", "boom"), tmp_path / "runs"
    done = medsweep(tmp_path / "cache", "trial", file, "--output", runs)
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert "your reward nc_mine:boom raised KeyError: 'nosuch' at row" in said
    assert "columns given: question, answer, context" in said
    assert "topic" in said
    assert "bug in medsweep" not in said
    assert "Traceback" not in said


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "together"), [("ppo", 1), ("ppo", 2), ("grpo", 1)])
def test_where_weights_are_searched_the_objectives_step_counts(
    tmp_path: Path, kind: str, together: int
) -> None:
    file, runs = spec(tmp_path / "spec", "topical"), tmp_path / "runs"
    content = json.loads(file.read_text())
    content["trial"]["kind"] = kind
    content["trial"]["reward"]["weights"] = {"nc_mine:topical": 1, "brevity": 1}
    content["trial"]["evaluation"]["every_epochs"] = 0.1
    training = content["trial"]["training"] | {"max_steps": 6, "learning_rate": 0.01}
    if kind == "grpo":
        length = training.pop("response_length")
        training |= {"max_completion_length": length, "num_generations": 2}
    content["trial"]["training"] = training
    content["search"] |= {
        "num_trials": 2,
        "parameters": {"reward.weights": {"simplex": ["nc_mine:topical", "brevity"]}},
    }
    content["cluster"]["trials_per_gpu"] = together
    file.write_text(json.dumps(content))
    done = medsweep(tmp_path / "cache", "run", file, "--output", runs)
    assert done.returncode == 0, done.stdout + done.stderr
    trials = sorted(runs.glob("mine/trials/EXP*"))
    assert len(trials) == 2
    for trial in trials:
        record = json.loads((trial / "record.json").read_text())
        lines = [json.loads(line) for line in (trial / "metrics.jsonl").read_text().splitlines()]
        curve = {x["step"]: x["reward_topical"] for x in lines if "reward_topical" in x}
        assert len(curve) > 3
        assert record["step_metric"] == "reward_topical"
        assert record["best_step"] == max(curve, key=lambda step: curve[step])
        assert record["metrics"]["reward_topical"] == pytest.approx(max(curve.values()), abs=1e-9)
    assert "the best by reward_topical" in " ".join(done.stdout.split()) + done.stderr
