"""The run as an Optuna study: for Optuna's plots and for optuna-dashboard. Never read back."""

import json
import os
import uuid
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from analysis.runs import UNFINISHED, Run, TrialView, is_number
from search_spaces.parameters import Parameter
from search_spaces.ties import factor_of
from sweeps.samplers.constraints import excess

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.trial import FrozenTrial

Encode = Callable[[Any], Any]  # a choice → what Optuna keeps

DIRECTIONS: dict[str, Literal["minimize", "maximize"]] = {"min": "minimize", "max": "maximize"}
PER_MILLE = 1000  # an intermediate value's step: progress 0..1 in thousandths, so trials align


def rebuild_study(run: Run, encode: Encode = json.dumps) -> "Study":
    """The run's trials as an in-memory study.

    Choices are JSON strings (or what `encode` makes of them), numbers are numbers, a simplex is one
    number a component. Beside a parameter that is a multiple of another stands its factor
    (`lora.lora_alpha per r`), which is what the search draws. Complete trials are COMPLETE, stopped
    ones PRUNED with their intermediate values (several objectives: none, as Optuna takes none),
    failed and infeasible ones FAIL, unfinished ones RUNNING. Complete trials carry how far they are
    beyond each of `search.selection.constraints`, so that Optuna calls those that break one
    infeasible, as the choice does.

    >>> from analysis.runs import load_run
    >>> study = rebuild_study(load_run(Path("runs/demo")))
    >>> study.trials[0].state.name
    'COMPLETE'
    """
    import optuna

    sought = run.search.objectives
    metrics, directions = [c.metric for c in sought], [DIRECTIONS[c.mode] for c in sought]
    with _quiet():
        study = optuna.create_study(study_name=run.name, directions=directions)
        study.set_metric_names(metrics)
        space = _space(run, encode)
        found = [(trial, drawn_parameters(run, trial)) for trial in run.trials]
        study.add_trials([_frozen(run, t, own, space, encode) for t, own in found])
    return study


def write_study_db(run: Run) -> Path:
    """Write study.db (SQLite) into the run folder for optuna-dashboard; returns its path."""
    import optuna
    from sqlalchemy import URL

    path = run.folder / "study.db"
    partial = path.with_name(f".study.db.{os.getpid()}.{uuid.uuid4().hex[:8]}")
    url = URL.create("sqlite", database=str(partial.resolve())).render_as_string()
    try:
        storage = optuna.storages.RDBStorage(url)
        _copy(rebuild_study(run), storage)
        storage.engine.dispose()
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    return path


def flatten(parameters: dict[str, Any]) -> dict[str, Any]:
    """Parameters as Optuna sees them: a simplex's weights become one parameter a component."""
    flat: dict[str, Any] = {}
    for path, value in parameters.items():
        if _is_simplex(value):
            flat.update({f"{path}.{part}": float(weight) for part, weight in value.items()})
        else:
            flat[path] = value
    return flat


def drawn_parameters(run: Run, trial: TrialView) -> dict[str, Any]:
    """A trial's parameters as Optuna sees them, and the factors of those that are multiples."""
    own, found = trial.parameters, flatten(trial.parameters)
    for path, parameter in run.search.parameters.items():
        base = parameter.times
        if base is not None and is_number(own.get(path)) and is_number(own.get(base)):
            factor = factor_of(own[path], own[base], parameter.to_distribution())
            found[factor_name(path, base)] = factor
    return found


def factor_name(path: str, base: str) -> str:
    """What the factor of a parameter that is a multiple of `base` is called."""
    return f"{path} per {base.rpartition('.')[2]}"


def _is_simplex(value: Any) -> bool:
    """Weights that sum to 1; any other mapping is a whole section, one choice among others."""
    if not isinstance(value, dict) or len(value) < 2 or not all(map(is_number, value.values())):
        return False
    return abs(sum(value.values()) - 1) <= 1e-6


def _copy(study: "Study", storage: Any) -> None:
    import optuna

    with _quiet():
        copy = optuna.create_study(
            study_name=study.study_name, storage=storage, directions=study.directions
        )
        copy.set_metric_names(study.metric_names or [])
        copy.add_trials(study.trials)
    storage.remove_session()


@contextmanager
def _quiet() -> Iterator[None]:
    """No log line for a study that nobody optimises, no warning that metric names are new."""
    import optuna

    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)


def _space(run: Run, encode: Encode) -> dict[str, "BaseDistribution"]:
    """One distribution a parameter, wide enough for the spec's range and every trial's value."""
    seen: dict[str, list[Any]] = {}
    for trial in run.trials:
        for path, value in drawn_parameters(run, trial).items():
            seen.setdefault(path, []).append(value)
    searched = dict(_searched(run))
    return {path: _distribution(searched.get(path), seen[path], encode) for path in seen}


def _searched(run: Run) -> Iterator[tuple[str, Parameter]]:
    """What the search says of each column: of a multiple it says what the factor may be."""
    for path, parameter in run.search.parameters.items():
        yield path if parameter.times is None else factor_name(path, parameter.times), parameter


def _distribution(
    searched: Parameter | None, values: list[Any], encode: Encode
) -> "BaseDistribution":
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    listed = searched.values if searched else None
    if listed is not None or not all(map(is_number, values)):
        choices = map(encode, [*(listed or ()), *values])
        return CategoricalDistribution(tuple(dict.fromkeys(choices)))
    ends = (searched.min, searched.max) if searched else ()
    bounds: list[Any] = [end for end in ends if end is not None]
    low, high = min(values + bounds), max(values + bounds)
    log = searched is not None and "log" in (searched.distribution or "") and low > 0
    if all(isinstance(v, int) for v in values + bounds):
        return IntDistribution(low, high, log=log and low >= 1)
    return FloatDistribution(low, high, log=log)


def _frozen(
    run: Run,
    trial: TrialView,
    parameters: dict[str, Any],
    space: dict[str, "BaseDistribution"],
    encode: Encode,
) -> "FrozenTrial":
    from optuna.distributions import CategoricalDistribution
    from optuna.trial import TrialState, create_trial

    metrics = [objective.metric for objective in run.search.objectives]
    values = [trial.metrics.get(m) for m in metrics]
    complete = trial.state == "complete" and None not in values
    states = {"stopped": TrialState.PRUNED, UNFINISHED: TrialState.RUNNING}
    frozen = create_trial(
        state=TrialState.COMPLETE if complete else states.get(trial.state, TrialState.FAIL),
        values=[float(v) for v in values if v is not None] if complete else None,
        params={
            p: encode(v) if isinstance(space[p], CategoricalDistribution) else v
            for p, v in parameters.items()
        },
        distributions={p: space[p] for p in parameters},
        user_attrs={"trial": trial.trial, "label": trial.label, "error": trial.error},
        intermediate_values=_intermediate(trial, metrics[0]) if len(metrics) == 1 else None,
        constraints=excess(run.search.selection.bounds, trial.metrics) if complete else None,
    )
    frozen.datetime_start = _moment(trial.started) or frozen.datetime_start
    if frozen.state.is_finished():
        frozen.datetime_complete = _moment(trial.finished) or frozen.datetime_complete
    return frozen


def _intermediate(trial: TrialView, metric: str) -> dict[int, float]:
    points = (
        (row.get("progress"), row.get(metric))
        for row in trial.curve
        if is_number(row.get("progress")) and is_number(row.get(metric))
    )
    return {round(PER_MILLE * float(p)): float(v) for p, v in points}  # type: ignore[arg-type]


def _moment(written: str | None) -> datetime | None:
    """An ISO time as Optuna keeps it: local and naive."""
    try:
        moment = datetime.fromisoformat(written or "")
    except ValueError:
        return None
    return (
        (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone().replace(tzinfo=None)
    )
