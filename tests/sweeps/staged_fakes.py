"""Trials in stages without torch: real stages' bookkeeping around a fake training.

What a stage trains is text: its adapter says which settings made it, step by step, on which
beginning. So two adapters are equal only where they were trained in the same way.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sweeps.control.sweep import Sweep
from sweeps.control.task import TrialTask
from sweeps.run_folder.ledger import Ledger
from sweeps.spec.sections import SweepSpec
from tests.sweeps.fakes import tensors
from trainables.context import ListContext, Report, TrialContext
from trainables.data.prepared import Prepared
from trainables.kinds import trial_config
from trainables.saved import Checkpoint, SavedAdapter
from trainables.sft.config import SFTConfig
from trainables.staged.data import of_stage
from trainables.staged.stage import StageContext
from trainables.staged.train import train
from trainables.training.evaluation_times import rung_steps

NAMES = ("a", "b", "c")
SECONDS = 10.0  # that a step takes
TRAINED: Counter[tuple[str, int]] = Counter()  # (beginning and settings, step) → how often

_COURSE: list[tuple[str, int]] = []  # of the trial that is asked for its reports


class FakePreparation:
    """Every stage has the same eight rows."""

    def __init__(self, progress: Any, found: Any) -> None:
        """As Preparation."""

    def data(self, config: Any) -> Prepared:
        rows: Any = range(8)
        stage = Prepared("stage", rows, rows, {})
        return Prepared("rows", rows, rows, {}, stages=(stage,) * len(config.stages))

    def start(self, config: Any) -> Checkpoint | None:
        return None


def fake(patch: pytest.MonkeyPatch) -> None:
    """Put the fakes in place; nothing is trained yet."""
    TRAINED.clear()
    patch.setattr("sweeps.control.sweep.Preparation", FakePreparation)
    patch.setattr("trainables.staged.train._run", lambda stage: train_stage(*stage))
    patch.setattr("trainables.staged.train.of_stage", _of_stage)
    made = "trainables.staged.train.fresh_policy"
    patch.setattr(made, lambda trial: tensors(f"new with seed {trial.training.seed}"))
    patch.setattr("os.fsync", lambda handle: None)  # the tests would wait for the disk


def _of_stage(whole: Prepared, *rest: Any) -> Prepared:
    return of_stage(whole, *rest)._replace(elsewhere=())


def make_spec(stages: int = 2, **search: Any) -> SweepSpec:
    """A spec of trials in stages whose `search` section is given."""
    training = {"max_steps": 8, "learning_rate": 0.5}
    listed = [
        {"name": name, "data": {"source": "toy:drugs"}, "training": training}
        for name in NAMES[:stages]
    ]
    trial = {"kind": "staged", "model": {"name_or_path": "toy:llama"}, "stages": listed}
    search = {"sampler": "grid", "num_trials": 6, **search}
    return SweepSpec.model_validate({"name": "fake", "trial": trial, "search": search})


def make_rewarded(order: str = "aRb", **search: Any) -> SweepSpec:
    """The same with a fresh reward model (called r) where the order of the stages has an R."""
    spec = make_spec(len(NAMES), **{**search, "parameters": {}})
    training, data = {"max_steps": 8, "learning_rate": 0.7}, {"source": "toy:drugs"}
    model = {"name": "r", "kind": "reward", "start": "fresh", "data": data, "training": training}
    content = spec.model_dump(mode="json")
    named = {stage["name"]: stage for stage in content["trial"]["stages"]}
    content["trial"]["stages"] = [model if name == "R" else named[name] for name in order]
    content["search"]["parameters"] = search["parameters"]
    return SweepSpec.model_validate(content)


def make_sweep(spec: SweepSpec, folder: Path, workers: int = 1) -> Sweep:
    """A sweep over `folder` with the fakes."""
    sweep = Sweep(spec, Ledger(folder))
    sweep.workers = workers
    return sweep


def rates(place: int, *values: float) -> dict[str, Any]:
    """A stage's learning rate as a parameter: the smaller, the smaller the loss."""
    return {f"stages.{place}.training.learning_rate": {"values": list(values)}}


def trial(task: TrialTask) -> Iterator[Report]:
    """The reports of one trial, from its checkpoint on; a step is trained when it is asked for."""
    if task.entry.is_base:
        yield Report(1, 1, {"val_loss": 9.0}, 1.0, final=True, facts={"evaluation": {"rows": 3}})
        return
    context = ListContext(task.prepared, task.checkpoint)
    _COURSE.clear()
    train(trial_config(task.entry.config), context)  # type: ignore[arg-type]
    steps = list(_COURSE)
    for report in context.reports:
        if report.metrics and not report.final:
            TRAINED[steps.pop(0)] += 1
        yield report


def train_stage(config: SFTConfig, context: TrialContext, rungs: Mapping[float, float]) -> None:
    """A stage's training: as `trainables.sft.train.train` reports it."""
    assert isinstance(context, StageContext)
    planned, rate = config.training.max_steps or 1, config.training.learning_rate
    start = context.checkpoint
    begun = start.state.get("begun", _beginning(start)) if start else ""
    name, at = f"{begun}>{rate}", rung_steps(planned, rungs)
    for step in range(start.step + 1 if start else 1, planned + 1):
        _COURSE.append((name, step))
        metrics, seconds = {"val_loss": _loss(name, step, planned)}, SECONDS * step
        if step not in at and step % 2:
            context.report(Report(step, planned, {"train_loss": 1.0}, seconds))
            continue
        state = {"step": step, "begun": begun, "best_metrics": metrics, "seconds": seconds}
        text = tensors(f"{name}@{step}")
        saved, adapter = Checkpoint(text, tensors("moments"), state), SavedAdapter({"r": 8}, text)
        report = Report(step, planned, metrics, seconds, at.get(step), saved, adapter)
        context.report(Report(**{**vars(report), "facts": {"engine": "isolated"}}))
    _finish(context, name, planned)


def _beginning(start: Checkpoint) -> str:
    """What a stage goes on from: the policy, and the reward model that it asks."""
    models = [text_of(adapter.weights) for adapter in start.frozen.values()]
    return "".join([text_of(start.adapter), *models])


def _finish(context: StageContext, name: str, planned: int) -> None:
    metrics = {"val_loss": _loss(name, planned, planned), "minutes": SECONDS * planned / 60}
    facts = {
        "steps": planned,
        "best_step": planned,
        "tokens": 10 * planned,
        "seconds": {"train": SECONDS * planned, "evaluate": 0.0},
        "val_losses": {},
        "engine": "isolated",
    }
    seconds = SECONDS * planned + 5  # of the measurements at the end
    context.report(Report(planned, planned, metrics, seconds, None, final=True, facts=facts))


def _loss(name: str, step: int, planned: int) -> float:
    """Falls with progress; its end is the sum of all stages' learning rates."""
    return sum(map(float, name.split(">")[1:])) + 1 - step / planned


def text_of(adapter: bytes) -> str:
    """What `tensors` was given, without the step."""
    head = int.from_bytes(adapter[:8], "little")
    return adapter[8 + head :].decode().partition("@")[0]
