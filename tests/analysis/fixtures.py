"""Writes a run folder as the driver does: the flashcards system's four trials and four odd ones."""

import json
import math
from pathlib import Path
from typing import Any

MODEL = "TinyLlama/TinyLlama-1.1B-Chat-v1.0"
BASE = "3f9c2a71"
HOSTILE = "<script>alert('x')</script> & | `code`"
EVALUATION = {"limit": 100, "max_new_tokens": 128, "rows": 100, "loss_rows": 300}

# section 6 of the flashcards system, row by row:
# label, r, LR, epochs, train loss, val loss, ROUGE-1, BLEU, perplexity, GPU (GB), minutes
FLASHCARDS = (
    ("EXP-01 (Baseline)", 8, 2e-4, 1, 0.7175, 0.6785, 0.2653, 0.0591, 2.23, 3.48, 4.9),
    ("EXP-02", 16, 2e-4, 2, 0.6749, 0.6622, 0.2718, 0.0662, 2.24, 3.51, 10.0),
    ("EXP-03 (Lower LR)", 16, 5e-5, 2, 0.7722, 0.6836, 0.2656, 0.0656, 2.19, 3.50, 10.1),
    ("EXP-04 (3 Epochs)", 16, 2e-4, 3, 0.6567, 0.6565, 0.2674, 0.0628, 2.23, 3.50, 16.7),
)
# section 7: the untouched base model
BASE_METRICS = {
    "val_loss": 1.6569,
    "perplexity": 5.2432,
    "bits_per_byte": 0.6312,
    "rouge1": 0.3083,
    "rouge2": 0.1460,
    "rougeL": 0.2253,
    "bleu": 0.0833,
}
QUESTIONS = (
    ("What is the mechanism of action of metformin?", "It lowers hepatic glucose production."),
    ("What are the classic symptoms of myocardial infarction?", "Chest pain and dyspnoea."),
    ("Is 5 < 7 mmol/L & > 3?", "Yes: <b>normal</b> fasting glucose is 3.9 to 5.6 mmol/L."),
    ("Which vitamin deficiency causes scurvy?", "A lack of vitamin C."),
    ("What does the sinoatrial node do?", "It paces the heart."),
)


def spec(**search: Any) -> dict[str, Any]:
    """A resolved sweep; `search` overrides its search section."""
    return {
        "name": "flashcards",
        "trial": trial_config(),
        "search": {
            "parameters": {
                "lora.r": {"values": [8, 16, 32]},
                "training.learning_rate": {
                    "distribution": "log_uniform_values",
                    "min": 1e-5,
                    "max": 1e-3,
                },
                "training.num_train_epochs": {"values": [1, 2, 3]},
                "lora.target_modules": {
                    "values": [["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "o_proj"]]
                },
            },
            "baselines": {"EXP-01 (Baseline)": {"lora.r": 8}},
            "objective": {"metric": "val_loss", "mode": "min"},
            "sampler": "tpe",
            "seed": 0,
            "early_stopping": {"kind": "asha", "metric": None, "reduction_factor": 2},
            "selection": {"rule": "objective", "metrics": ["val_loss", "rouge1", "bleu"]},
            "num_trials": 8,
            **search,
        },
        "cluster": {"target": "local"},
        "tracking": {},
    }


def trial_config(**parameters: Any) -> dict[str, Any]:
    """A resolved trial with dotted paths overridden."""
    config: dict[str, Any] = {
        "kind": "sft",
        "model": {"name_or_path": MODEL, "quantization": "nf4", "dtype": "auto"},
        "data": {"source": "medalpaca/medical_meadow_medical_flashcards", "limit": 3000},
        "lora": {"r": 16, "lora_alpha": 32.0, "target_modules": ["q_proj", "v_proj"]},
        "training": {"learning_rate": 2e-4, "num_train_epochs": 2, "seed": 42},
        "evaluation": {"limit": 100, "max_new_tokens": 128},
    }
    for path, value in parameters.items():
        section, key = path.split(".")
        config[section][key] = value
    return config


def write_run(folder: Path, **search: Any) -> Path:
    """The whole realistic run: 4 complete, 1 stopped, 2 failed (one hostile), 1 unfinished."""
    write_head(folder, spec(**search))
    for number, row in enumerate(FLASHCARDS, 1):
        write_trial(folder, number, *flashcards_trial(row), label=row[0])
    stopped = {"lora.r": 32, "training.learning_rate": 1.3e-5, "training.num_train_epochs": 3}
    write_trial(folder, 5, stopped, {"val_loss": 1.02, "minutes": 3.1}, state="stopped")
    failed = {"lora.r": 32, "training.learning_rate": 9.1e-4, "training.num_train_epochs": 2}
    error = "loss is NaN at step 41 of 318: lower training.learning_rate (0.00091)"
    write_trial(folder, 6, failed, {"minutes": 1.2}, state="failed", error=error)
    modules = {**failed, "lora.target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}
    write_trial(folder, 7, modules, {}, state="failed", error=HOSTILE, label=HOSTILE)
    write_trial(folder, 8, {**modules, "lora.r": 8}, {}, state=None)
    return folder


def flashcards_trial(row: tuple[Any, ...]) -> tuple[dict[str, Any], dict[str, float]]:
    """Parameters and metrics of one literal row."""
    names = ("train_loss", "val_loss", "rouge1", "bleu", "perplexity", "gpu_peak_gb", "minutes")
    paths = ("lora.r", "training.learning_rate", "training.num_train_epochs")
    metrics = dict(zip(names, row[4:], strict=True))
    extra = {"rouge2": 0.1165, "rougeL": 0.1783, "bits_per_byte": metrics["val_loss"] * 0.381}
    return dict(zip(paths, row[1:4], strict=True)), {**metrics, **extra}


def write_head(folder: Path, resolved: dict[str, Any]) -> None:
    """Everything but the trials."""
    write_json(folder / "spec.resolved.json", resolved)
    write_json(folder / "environment.json", ENVIRONMENT)
    write_json(folder / "data.json", {"c0ffee": DATA})
    base = folder / "base" / BASE
    record = {"key": BASE, "model": MODEL, "metrics": BASE_METRICS, "evaluation": EVALUATION}
    write_json(base / "record.json", {**record, "minutes": 3.4})
    write_predictions(base / "predictions.jsonl", "As a helpful assistant, I would say that {}")


def write_trial(
    folder: Path,
    number: int,
    parameters: dict[str, Any],
    metrics: dict[str, float],
    state: str | None = "complete",
    label: str | None = None,
    error: str | None = None,
) -> Path:
    """One trial folder; `state` None leaves it unfinished, with a torn last line."""
    path = folder / "trials" / f"EXP-{number:03d}"
    known = {k: v for k, v in parameters.items() if k.count(".") == 1}
    head = {"trial": path.name, "number": number, "label": label, "parameters": parameters}
    write_json(path / "config.json", {**head, "config": trial_config(**known), "base": BASE})
    write_curve(path / "metrics.jsonl", number, parameters, metrics, state)
    if state is None:
        return path
    write_json(
        path / "record.json",
        {
            **head,
            "state": state,
            "kind": "sft",
            "engine": "isolated",
            "metrics": metrics,
            "evaluation": EVALUATION if state == "complete" else {},
            "best_step": 300,
            "steps": 318,
            "planned_steps": 318,
            "error": error,
            "started": f"2026-01-{number:02d}T10:00:00+00:00",
            "finished": f"2026-01-{number:02d}T10:10:00+00:00",
            "base": BASE,
        },
    )
    if state == "complete":
        write_predictions(path / "predictions.jsonl", "{}")
        write_json(path / "adapter" / "adapter_config.json", {"r": 8, "peft_type": "LORA"})
        (path / "adapter" / "adapter_model.safetensors").write_bytes(b"weights")
    return path


def write_curve(
    path: Path,
    number: int,
    parameters: dict[str, Any],
    metrics: dict[str, float],
    state: str | None,
) -> None:
    """A falling validation loss; stopped and unfinished trials end early."""
    epochs = parameters.get("training.num_train_epochs", 2)
    planned, end = 160 * epochs, metrics.get("val_loss", 0.9)
    share = 1.0 if state == "complete" else 0.25
    lines = []
    for i in range(1, round(16 * share) + 1):
        progress = i / 16
        loss = end + 0.8 * math.exp(-4 * progress / share) - 0.8 * math.exp(-4)
        row = {"step": round(planned * progress), "planned_steps": planned, "progress": progress}
        row |= {"epoch": epochs * progress, "seconds": 36 * i, "train_loss": loss + 0.02 * (i % 3)}
        lines.append(json.dumps({**row, **({"val_loss": loss} if i % 2 == 0 else {})}))
    torn = '{"step": 99, "val_lo' if state is None else ""
    path.write_text("\n".join(lines) + "\n" + torn, encoding="utf-8")


def write_predictions(path: Path, pattern: str) -> None:
    """Five rows of validation answers."""
    rows = [
        {
            "id": f"row-{i}",
            "question": question,
            "reference": answer,
            "prediction": pattern.format(answer[0].lower() + answer[1:]),
        }
        for i, (question, answer) in enumerate(QUESTIONS)
    ]
    path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON, making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")


ENVIRONMENT = {
    "python": "3.11.9",
    "packages": {"torch": "2.13.0", "transformers": "5.23.0", "peft": "0.21.2", "trl": "1.16.0"},
    "git": {"commit": "0123456789abcdef0123456789abcdef01234567", "dirty": False},
    "devices": [{"name": "NVIDIA T4", "memory_gb": 15.8}],
    "hostname": "node-1",
}
DATA = {
    "source": "medalpaca/medical_meadow_medical_flashcards",
    "version": "2023-04",
    "citation": None,
    "licence": "cc",
    "rows_read": 33955,
    "dropped": {
        "short_question": 12,
        "short_answer": 431,
        "bare_boolean": 95,
        "exact_duplicate": 702,
        "near_duplicate": 1210,
        "over_limit": 28505,
        "no_answer_left": {"train": 2, "validation": 0},
    },
    "kept": {"train": 2548, "validation": 300, "test": 150},
    "groups": {"train": 2550, "validation": 300, "test": 150},
    "test_sha256": "ab" * 32,
    "tokens": {"train": 301_204, "validation": 35_113, "answer_train": 120_000, "longest": 512},
    "truncated": {"train": 14, "validation": 1},
}
