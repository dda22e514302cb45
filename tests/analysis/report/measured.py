"""Benchmark facts, predictions and component losses for the realistic run, as the driver writes."""

import json
from pathlib import Path
from typing import Any

from tests.analysis import fixtures
from trainables.evaluation.measured import share

SUBJECTS = 25


def measured(hits: int, n: int) -> dict[str, Any]:
    """A share as record.json holds it."""
    found = share(i < hits for i in range(n))
    assert found is not None
    return json.loads(json.dumps(found._asdict()))


def curves(accuracies: tuple[float, float]) -> dict[str, Any]:
    """Two bins of 50 questions, and the curve that follows."""
    low, high = accuracies
    empty = {"n": 0, "confidence": None, "accuracy": None}
    return {
        "reliability": [
            {"low": 0.0, "high": 0.1, **empty},
            {"low": 0.2, "high": 0.3, "n": 50, "confidence": 0.3, "accuracy": low},
            {"low": 0.8, "high": 0.9, "n": 50, "confidence": 0.9, "accuracy": high},
        ],
        "abstention": [
            {"coverage": 0.5, "threshold": 0.9, "accuracy": high},
            {"coverage": 1.0, "threshold": 0.3, "accuracy": (low + high) / 2},
        ],
    }


def facts(hits: int, low: float, high: float) -> dict[str, Any]:
    """MedMCQA with subjects and curves, MedQuAD with clinical measures."""
    subjects = {f"Subject {i:02d}": {"accuracy": measured(i // 2, i)} for i in range(1, 26)}
    return {
        "medmcqa": {
            "accuracy": measured(hits, 100),
            "ece": {"value": 0.1, "interval": [0.05, 0.2], "n": 100},
            "brier": {"value": 0.7, "interval": [0.6, 0.8], "n": 100},
            "subjects": subjects,
            "calibration": curves((low, high)),
        },
        "medquad": {
            "rougeL": {"value": 0.2, "interval": None, "n": 1},
            "ungrounded_terms": {"value": 0.25, "interval": [-0.1, 0.6], "n": 40},
        },
    }


def add_benchmarks(run: Path, trial: str = "EXP-004") -> None:
    """To the base model (30 right) and a trial (60 right, all those and 30 more)."""
    for folder, hits in ((run / "base" / fixtures.BASE, 30), (run / "trials" / trial, 60)):
        update(folder, benchmarks=facts(hits, hits / 200, hits / 100))
        lines = (
            {"id": f"q{i}", "benchmark": "medmcqa", "question": "?", "correct": i < hits}
            for i in range(100)
        )
        with (folder / "predictions.jsonl").open("a", encoding="utf-8") as stream:
            stream.writelines(json.dumps(line) + "\n" for line in lines)


def loss(value: float) -> dict[str, float]:
    """A component's facts."""
    return {"val_loss": value, "perplexity": 2 * value, "tokens": 100, "answer_bytes": 400}


MIXTURE = [
    {"name": "general", "source": "general.txt", "format": "text"},
    {"name": "medmcqa", "source": "openlifescienceai/medmcqa", "format": "medmcqa"},
]


def add_components(run: Path, losses: dict[str, tuple[float, float]], weights: Any = None) -> None:
    """Losses on (general, medmcqa) of `base` and of trials, each with its weights."""
    for name, values in losses.items():
        base = name == "base"
        folder = run / "base" / fixtures.BASE if base else run / "trials" / name
        update(folder, components=dict(zip(("general", "medmcqa"), map(loss, values), strict=True)))
        if not base:
            path = folder / "config.json"
            config = json.loads(path.read_text(encoding="utf-8"))
            config["config"]["data"] = {"mixture": MIXTURE, "weights": (weights or {}).get(name)}
            fixtures.write_json(path, config)


def update(folder: Path, **more: Any) -> None:
    """Add fields to record.json."""
    path = folder / "record.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    fixtures.write_json(path, {**record, **more})
