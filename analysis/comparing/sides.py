"""What can be compared: an evaluation's results, a run's chosen trial, any trial, a base model."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, NamedTuple

from analysis.files import RunError, read_object
from analysis.named import BEST, named_trial
from analysis.runs import Run, TrialView, is_number, load_run
from sweeps.run_folder.ledger import ROWS
from trainables.evaluation.benchmarks.results import ABOUT

BASE = "base"  # of a run: its untouched base model
TAKEN = (
    "Give the results of `medsweep evaluate` (results.json), a run (runs/NAME: its chosen trial), "
    "a trial (runs/NAME/EXP-003, or its label) or a run's base model (runs/NAME/base)."
)
UNTOLD = ("versions", "max_batch_tokens", "fingerprint", "device", "folder", "measures", "data")


class OneRun(NamedTuple):
    """One training (or evaluation), and what it measured."""

    metrics: Mapping[str, float]
    file: Path  # results row by row; it need not be there
    chance: str = ""  # the seeds that it drew from: runs with equal ones are paired


@dataclass(frozen=True)
class Side:
    """One of two that are compared."""

    name: str
    what: str  # what it is and where it lies
    sort: Literal["trial", "evaluation"]
    runs: Mapping[int, OneRun]  # by the number of the new seed; 0: the one of the search
    facts: Mapping[str, Any] = field(default_factory=dict)  # dotted setting → value
    model: str | None = None
    trained: bool = True  # False: a base model, which no seed changes
    once: "Side | None" = None  # of a trial with new seeds: its run in the search

    @property
    def metrics(self) -> dict[str, float]:
        """The means over the runs, of what all of them measured."""
        shared = set.intersection(*(set(run.metrics) for run in self.runs.values()))
        first = next(iter(self.runs.values()))
        return {
            name: fmean(run.metrics[name] for run in self.runs.values())
            for name in first.metrics
            if name in shared
        }


def side_of(path: Path) -> Side:
    """What a path means. RunError where it is none of what can be compared."""
    if path.is_file():
        return _evaluated(path)
    if not path.is_dir() or not (path / "spec.resolved.json").is_file():
        if inside := _inside(path):
            return _of_run(load_run(inside[0]), inside[1])
        return _evaluated(_only_results(path))
    return _of_run(load_run(path), BEST)


def told_apart(first: Side, second: Side, paths: tuple[Path, Path]) -> tuple[Side, Side]:
    """The same by their paths where their names are alike."""
    if first.name != second.name:
        return first, second
    return replace(first, name=str(paths[0])), replace(second, name=str(paths[1]))


# --- evaluations -------------------------------------------------------------------------------


def _evaluated(path: Path) -> Side:
    file = path if path.suffix == ".json" else path.with_suffix("").with_suffix(".json")
    found = read_object(file) if file.is_file() else {}
    about = found.get(ABOUT)
    if not isinstance(about, dict):
        raise RunError(f"{path}: holds no results of `medsweep evaluate`. {TAKEN}")
    told = about.get("model")
    model: dict[str, Any] = told if isinstance(told, dict) else {}
    name = model.get("name_or_path") or model.get("model")
    adapter = (model.get("adapter") or {}).get("folder")
    run = OneRun(_measured(found), file.with_name(f"{file.stem}.{ROWS}"))
    return Side(
        name=file.stem,
        what=f"{name or 'a model'}{f' with {adapter}' if adapter else ''}, in {file}",
        sort="evaluation",
        runs={0: run},
        facts=_settings(about),
        model=str(name),
        trained=bool(adapter),
    )


def _measured(found: dict[str, Any]) -> dict[str, float]:
    return {
        f"{benchmark}_{measure}": float(told["value"])
        for benchmark, measures in found.items()
        if benchmark != ABOUT and isinstance(measures, dict)
        for measure, told in measures.items()
        if isinstance(told, dict) and is_number(told.get("value"))
    }


def _settings(about: dict[str, Any]) -> dict[str, Any]:
    """The model and what it was asked with; a benchmark's settings by its name."""
    settings = dict(about.get("settings") or {})
    asked = settings.pop("benchmarks", None) or []
    named = {str(one.get("name")): one for one in asked if isinstance(one, dict)}
    return flat({"model": about.get("model") or {}, **settings, **named})


def _only_results(path: Path) -> Path:
    """The one results file in a folder."""
    files = sorted(path.glob("*.json")) if path.is_dir() else []
    found = [file for file in files if isinstance(read_object(file).get(ABOUT), dict)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(file.name for file in found)
        raise RunError(f"{path}: holds several results ({names}). Name one of them.")
    there = "holds no run and no results" if path.is_dir() else "is not there"
    raise RunError(f"{path}: {there}. {TAKEN}")


# --- runs --------------------------------------------------------------------------------------


def _inside(path: Path) -> tuple[Path, str] | None:
    """The run that a path leads into, and the rest of it: (runs/x, EXP-003/seeds/2)."""
    for folder in path.parents:
        if (folder / "spec.resolved.json").is_file():
            parts = path.relative_to(folder).parts
            return folder, "/".join(parts[1:] if parts[0] == "trials" else parts)
    return None


def _of_run(run: Run, name: str) -> Side:
    if name.split("/")[0] == BASE:
        return _base(run, name.partition("/")[2])
    return side_of_trial(run, named_trial(run, name))


def side_of_trial(run: Run, trial: TrialView) -> Side:
    """A trial by its runs with new seeds, where it has them; else by its run in the search."""
    once = _by_runs(run, trial, {0: trial})
    fresh = {int(f.trial.rsplit("/", 1)[1]): f for f in trial.fresh if f.state == "complete"}
    return replace(_by_runs(run, trial, fresh), once=once) if fresh else once


def _by_runs(run: Run, trial: TrialView, views: Mapping[int, TrialView]) -> Side:
    state = "" if trial.state == "complete" else f", which is {trial.state}"
    return Side(
        name=f"{run.name} {trial.name}",
        what=f"{trial.trial} of {run.folder}{state}",
        sort="trial",
        runs={
            n: OneRun(view.metrics, (view.folder or run.folder) / ROWS, chance_of(view))
            for n, view in views.items()
        },
        facts=flat({**trial.config, **trial.parameters}),
        model=trial.value("model.name_or_path"),
    )


def chance_of(view: TrialView) -> str:
    """All seeds in a trial's configuration: the same ones meet the same chance."""
    found = {p: v for p, v in flat(view.config).items() if p.rsplit(".", 1)[-1].endswith("seed")}
    return json.dumps(found, sort_keys=True, default=str)


def _base(run: Run, key: str) -> Side:
    """The base model with that key; without one, that of the chosen trial."""
    base = run.bases.get(key) if key else run.base_of(named_trial(run))
    if base is None:
        known = ", ".join(run.bases) or "none"
        raise RunError(f"{run.folder}: no base model {key!r}. It measured: {known}.")
    models = (t.value("model.name_or_path") for t in run.trials if t.base == base.key)
    return Side(
        name=f"{run.name} base model",
        what=f"the untouched base model of {run.folder}",
        sort="trial",
        runs={0: OneRun(base.metrics, run.folder / BASE / base.key / ROWS)},
        model=next(models, base.model),
        trained=False,
    )


def flat(content: Any, path: str = "") -> dict[str, Any]:
    """Dotted path → value. A list of sections (stages) is counted from 0; any other list and an
    empty mapping are values.

    >>> flat({"lora": {"r": 8}, "split": [0.9, 0.1], "stages": [{"name": "a"}]})
    {'lora.r': 8, 'split': [0.9, 0.1], 'stages.0.name': 'a'}
    """
    if isinstance(content, list) and content and all(isinstance(part, dict) for part in content):
        content = {str(number): part for number, part in enumerate(content)}
    if not isinstance(content, dict) or not content:
        return {path: content} if path else {}
    found: dict[str, Any] = {}
    for key, value in content.items():
        found |= flat(value, f"{path}.{key}" if path else str(key))
    return found
