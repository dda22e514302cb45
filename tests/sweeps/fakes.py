"""A sweep without Ray, torch or data: fake trials whose values depend on their parameters alone."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from sweeps.control.observer import Observer
from sweeps.control.sweep import Sweep
from sweeps.control.task import TrialTask
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import SweepSpec
from trainables.context import Report
from trainables.errors import InputError
from trainables.saved import Checkpoint, SavedAdapter
from trainables.training.evaluation_times import rung_steps

PARAMETERS = {
    "lora.r": {"values": [2, 4, 8, 16]},
    "training.learning_rate": {"distribution": "log_uniform_values", "min": 1e-4, "max": 1e-2},
}
TRIAL = {
    "kind": "sft",
    "model": {"name_or_path": "toy:llama"},
    "data": {"source": "toy:drugs"},
    "lora": {"r": 8},
    "training": {"learning_rate": 1e-3},
}
PLANNED = 8
EVALUATED = (1, 2, 4, 6, 8)  # the rungs and one more


class FakePreparation:
    """Has every data set at hand, but that of a model called `missing`."""

    def __init__(self, progress: Any, found: Any) -> None:
        self.found = found

    def data(self, config: Any) -> Any:
        if config.model.name_or_path == "missing":
            raise InputError("model.name_or_path", "missing", "cannot be found")
        key = f"rows-{config.training.max_length}{config.data.validation_seed or ''}"
        return SimpleNamespace(key=key, report={}, general_key="")

    def model_folder(self, model: Any) -> Path:
        raise InputError("model.name_or_path", model.name_or_path, "is nowhere: this is a fake")

    def start(self, config: Any) -> Checkpoint | None:
        name = config.lora.adapter_name_or_path
        return Checkpoint(name.encode(), b"", {"step": 0}) if name else None


def make_spec(**search: Any) -> SweepSpec:
    """A spec whose `search` section is given."""
    content = {"parameters": PARAMETERS, "sampler": "random", "num_trials": 5, **search}
    return SweepSpec.model_validate({"name": "fake", "trial": TRIAL, "search": content})


def make_sweep(spec: SweepSpec, folder: Path, observers: list[Observer] | None = None) -> Sweep:
    """A sweep over `folder`; `sweeps.control.sweep.Preparation` must be the fake one."""
    return Sweep(spec, Ledger(folder), observers or [])


def tensors(text: str) -> bytes:
    """A whole safetensors file that holds some text."""
    data = text.encode()
    header = {"x": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}}
    head = json.dumps(header).encode()
    return len(head).to_bytes(8, "little") + head + data


def loss_at(config: dict[str, Any], step: int) -> float:
    """Falls with progress; its end depends on rank and learning rate."""
    rate = config["training"]["learning_rate"]
    end = 1 + abs(rate - 2e-3) * 100 + 0.3 / config["lora"]["r"]
    return float(end + 2 * (1 - step / PLANNED))


def make_checkpoint(step: int, best: dict[str, float]) -> Checkpoint:
    """As a trial saves it after `step`."""
    state = {"step": step, "best_metrics": best, "best_step": step}
    return Checkpoint(tensors(f"adapter {step}"), tensors(f"moments {step}"), state)


def trial(task: TrialTask) -> Iterator[Report]:
    """The reports of one trial, from its checkpoint on."""
    if task.entry.is_base:
        yield Report(1, 1, {"val_loss": 9.0}, 1.0, final=True, facts={"evaluation": {"rows": 3}})
        return
    config, rungs = task.entry.config, rung_steps(PLANNED)
    first = task.checkpoint.step + 1 if task.checkpoint else 1
    for step in range(first, PLANNED + 1):
        seconds = float(step)
        if step not in EVALUATED:
            yield Report(step, PLANNED, {"train_loss": 1 / step}, seconds)
            continue
        metrics = {"val_loss": loss_at(config, step)}
        adapter = SavedAdapter({"r": config["lora"]["r"]}, tensors(f"best {step}"))
        saved = make_checkpoint(step, metrics)
        rung, facts = rungs.get(step), {"engine": "a fake"}
        yield Report(step, PLANNED, metrics, seconds, rung, saved, adapter, facts=facts)
    metrics = {"val_loss": loss_at(config, PLANNED), "rouge1": 1 / config["lora"]["r"]}
    answers = ({"id": "1", "question": "q", "reference": "r", "prediction": "p"},)
    facts = {"steps": PLANNED, "planned_steps": PLANNED, "best_step": PLANNED, "engine": "isolated"}
    yield Report(PLANNED, PLANNED, metrics, 9.0, predictions=answers, final=True, facts=facts)


@dataclass
class Drive:
    """Runs a sweep with so many workers, in turns; remembers what was started."""

    sweep: Sweep
    workers: int = 1
    trial: Callable[[TrialTask], Iterator[Report]] = trial
    started: list[str] = field(default_factory=list)

    def run(self) -> "Drive":
        """To the end of the sweep."""
        active: list[tuple[str, Iterator[Report]]] = []
        while not self.sweep.over:
            while len(active) < self.workers and (task := self.sweep.next_task()):
                self.started.append(task.entry.trial)
                active.append((task.entry.trial, self.trial(task)))
            if active:
                name, reports = active.pop(0)
                if not self.sweep.on_report(name, next(reports)):
                    active.append((name, reports))
        return self


def parameters(folder: Path) -> list[dict[str, Any]]:
    """The configurations of a run folder, in order of their numbers."""
    return [e.parameters for e in Ledger(folder).entries() if not e.is_base]


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """Every finished trial's record, by id."""
    return {
        file.parent.name: json.loads(file.read_text())
        for file in sorted(folder.glob("trials/*/record.json"))
    }
