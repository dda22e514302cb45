"""Reading a run folder: the only input of every analysis. Nothing here writes."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from analysis.files import RunError, read_lines, read_object, read_optional, search_of
from analysis.inputs import InputChange, input_changes
from analysis.total_reward import total_earned
from sweeps.run_folder.damage import damage
from sweeps.run_folder.intruders import intruders
from sweeps.spec.sections import SearchSpec

UNFINISHED = "unfinished"  # a trial without record.json
MEASURED = ("evaluation", "benchmarks", "components", "pairwise")
SIZE_FACTS = (  # what a record says of a trial's size, as numbers
    *("trainable_parameters", "total_parameters", "trained_bytes", "optimizer_bytes"),
    *("tokens", "predicted_peak_gb"),
)


@dataclass(frozen=True)
class TrialView:
    """One trial as its files tell it."""

    trial: str  # EXP-001
    number: int  # 1, 2, … in the order of suggestion
    label: str | None = None  # a baseline's own name
    state: str = UNFINISHED  # complete | stopped | failed | infeasible | unfinished
    parameters: dict[str, Any] = field(default_factory=dict)  # dotted path: value
    config: dict[str, Any] = field(default_factory=dict)  # the resolved trial
    metrics: dict[str, float] = field(default_factory=dict)  # finite numbers only
    curve: tuple[dict[str, Any], ...] = ()  # the lines of metrics.jsonl, by step
    error: str | None = None
    kind: str | None = None
    engine: str | None = None
    best_step: int | None = None
    step_metric: str | None = None  # by what that step was chosen
    steps: int | None = None
    planned_steps: int | None = None
    evaluation: dict[str, Any] = field(default_factory=dict)  # limit, max_new_tokens, rows, …
    benchmarks: dict[str, Any] = field(default_factory=dict)  # value, interval, n a measure; curves
    components: dict[str, Any] = field(default_factory=dict)  # losses of a mixture's data sets
    pairwise: dict[str, Any] = field(default_factory=dict)  # of a reward model: see reward.measures
    started: str | None = None
    finished: str | None = None
    base: str | None = None  # key in Run.bases
    folder: Path | None = None
    predictions: Path | None = None
    adapter: Path | None = None
    model: Path | None = None  # config and weights, where all of them were trained
    size: dict[str, Any] = field(default_factory=dict)  # SIZE_FACTS of the record
    stages: tuple[dict[str, Any], ...] = ()  # of a staged trial: what was measured after each
    shared_seconds: float = 0.0  # of its `minutes`, those that other trials spent for it
    noise: dict[str, float] = field(default_factory=dict)  # its base model's noise floor
    fresh: tuple["TrialView", ...] = ()  # the same trained again with other seeds, in their order
    repeats: int = 1  # of how many trials `metrics` are the means
    errors: dict[str, float] = field(default_factory=dict)  # their standard errors, of repeats

    @property
    def name(self) -> str:
        """What tables call it: the label where there is one, else the id."""
        return self.label or self.trial

    def value(self, path: str) -> Any:
        """A parameter by dotted path: as searched, else from the configuration, else None."""
        return self.parameters[path] if path in self.parameters else look_up(self.config, path)


@dataclass(frozen=True)
class BaseView:
    """The untouched base model, measured on the same validation rows as the trials."""

    key: str
    model: str | None
    metrics: dict[str, float]
    evaluation: dict[str, Any]
    predictions: Path | None
    benchmarks: dict[str, Any] = field(default_factory=dict)
    components: dict[str, Any] = field(default_factory=dict)
    pairwise: dict[str, Any] = field(default_factory=dict)
    val_losses: dict[str, float] = field(default_factory=dict)  # on the rows of other stages
    noise: dict[str, float] = field(default_factory=dict)  # a smaller difference is rounding's


@dataclass(frozen=True)
class Run:
    """One sweep: what it searched, its trials by number, and what it ran on."""

    name: str
    folder: Path
    search: SearchSpec
    trials: tuple[TrialView, ...] = ()
    bases: dict[str, BaseView] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    trial: dict[str, Any] = field(default_factory=dict)  # the section as it was resolved then
    changes: tuple[InputChange, ...] = ()  # where it went on with other data, models or code

    def find(self, trial: str) -> TrialView:
        """The trial with this id, or its run with a new seed. KeyError where there is none."""
        views = {view.trial: view for trial in self.trials for view in (trial, *trial.fresh)}
        if trial not in views:
            raise KeyError(f"{self.folder}: no trial {trial!r}; there are {list(views)}")
        return views[trial]

    def base_of(self, trial: TrialView | None) -> BaseView | None:
        """The base model's measurement that belongs to `trial`, its rewards in all weighed as the
        trial weighs them."""
        base = self.bases.get(trial.base) if trial is not None and trial.base else None
        if base is None or trial is None:
            return None
        return replace(base, metrics={**total_earned(trial.config, base.metrics), **base.metrics})


def load_run(folder: Path) -> Run:
    """Read the run in `folder`. RunError where it is not a run, a file is damaged, or the
    section `search` is none of this version (what an earlier one did not have gets its default).

    Half-written lines of metrics.jsonl (a sweep that was killed) are left out; non-finite and
    non-numeric metrics are left out; a trial without record.json is "unfinished".
    Example: `load_run(Path("runs/demo")).find("EXP-001").state` is "complete".
    """
    folder = Path(folder)
    spec_path = folder / "spec.resolved.json"
    if not spec_path.is_file():
        raise RunError(_not_a_run(folder))
    if odd := intruders(folder):
        raise RunError(f"{folder}: {'; '.join(odd)}. Remove it, or put the file itself there.")
    if damaged := damage(folder):
        raise RunError("\n".join(damaged))
    spec = read_object(spec_path)
    bases = {view.key: view for view in _bases(folder / "base")}
    noise = {key: view.noise for key, view in bases.items()}
    trials = (replace(t, noise=noise.get(t.base or "", {})) for t in _trials(folder / "trials"))
    return Run(
        name=str(spec.get("name") or folder.resolve().name),
        folder=folder,
        search=search_of(spec_path, spec.get("search") or {}),
        trial=dict(spec.get("trial") or {}),
        trials=tuple(sorted(trials, key=lambda t: (t.number, t.trial))),
        bases=bases,
        environment=read_optional(folder / "environment.json"),
        data=read_optional(folder / "data.json"),
        changes=input_changes(folder),
    )


def look_up(config: dict[str, Any], path: str) -> Any:
    """The value at a dotted path, by number into lists, or None."""
    value: Any = config
    for key in path.split("."):
        if isinstance(value, list) and key.isdecimal() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return None
    return value


def finite(metrics: Any) -> dict[str, float]:
    """The entries of `metrics` that are finite numbers (booleans are none)."""
    if not isinstance(metrics, dict):
        return {}
    return {str(k): float(v) for k, v in metrics.items() if is_number(v)}


def is_number(value: Any) -> bool:
    """Whether `value` is a finite int or float, not a boolean."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _trials(folder: Path) -> Iterator[TrialView]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        config = read_optional(path / "config.json")
        record = read_optional(path / "record.json")
        if config or record:
            yield _trial(path, config, record)


def _trial(path: Path, config: dict[str, Any], record: dict[str, Any]) -> TrialView:
    both = {**config, **record}
    return TrialView(
        trial=str(both.get("trial") or path.name),
        number=int(both.get("number") or 0),
        label=both.get("label"),
        state=str(record.get("state") or UNFINISHED),
        parameters=dict(both.get("parameters") or {}),
        config=dict(config.get("config") or {}),
        metrics=finite(record.get("metrics")),
        curve=tuple(
            line for line in read_lines(path / "metrics.jsonl") if is_number(line.get("step"))
        ),
        error=record.get("error"),
        kind=record.get("kind") or look_up(config, "config.kind"),
        engine=record.get("engine"),
        best_step=record.get("best_step"),
        step_metric=record.get("step_metric"),
        steps=record.get("steps"),
        planned_steps=record.get("planned_steps"),
        **_measured(record),
        started=record.get("started"),
        finished=record.get("finished"),
        base=both.get("base"),
        folder=path,
        predictions=_existing(path / "predictions.jsonl"),
        adapter=_existing(path / "adapter"),
        model=_existing(path / "model"),
        size={k: record[k] for k in SIZE_FACTS if is_number(record.get(k))} | _seconds(record),
        stages=tuple(s for s in record.get("stages") or () if isinstance(s, dict)),
        shared_seconds=float(record.get("shared_seconds", 0.0)),
        fresh=tuple(sorted(_trials(path / "seeds"), key=lambda t: int(t.trial.split("/")[-1]))),
    )


def _measured(record: dict[str, Any]) -> dict[str, Any]:
    return {name: dict(record.get(name) or {}) for name in MEASURED}


def _seconds(record: dict[str, Any]) -> dict[str, float]:
    """`train_seconds`: those within optimizer steps."""
    seconds = look_up(record, "seconds.train")
    return {"train_seconds": float(seconds)} if is_number(seconds) else {}


def _bases(folder: Path) -> Iterator[BaseView]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        record = read_optional(path / "record.json")
        if record:
            yield BaseView(
                key=str(record.get("key") or path.name),
                model=record.get("model"),
                metrics=finite(record.get("metrics")),
                **_measured(record),
                predictions=_existing(path / "predictions.jsonl"),
                val_losses=finite(record.get("val_losses")),
                noise=finite(record.get("noise_floor")),
            )


def _existing(path: Path) -> Path | None:
    return path if path.exists() else None


def _not_a_run(folder: Path) -> str:
    problem = "has no spec.resolved.json" if folder.is_dir() else "is not a folder"
    return f"{folder}: not a run: it {problem}. Give a folder of `medsweep run`, e.g. runs/NAME."
