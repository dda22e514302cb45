"""What a merged model measures: with the sweep's own measure, on the sweep's own rows."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from analysis.runs import Run, TrialView
from analysis.total_reward import total_earned


class Again(NamedTuple):
    """What saved weights measure on the sweep's validation rows, or why that is not known."""

    metrics: Mapping[str, float]
    why_not: str | None = None


def measured_again(run: Run, trial: TrialView, folder: Path) -> Again:
    """The metrics of the model saved in `folder`: as trials are measured at their end, on the rows
    that they were measured on. What stands in the way is told, not raised: the model is whole."""
    from pydantic import ValidationError

    from trainables.errors import InputError
    from trainables.saved import TrialFailed

    try:
        return _measured(run, trial, folder)
    except InputError as error:
        return Again({}, f"{error.field}: {error.message}")
    except (ValidationError, TrialFailed, OSError, RuntimeError, ValueError) as error:
        return Again({}, str(error).splitlines()[0] if str(error) else type(error).__name__)


def _measured(run: Run, trial: TrialView, folder: Path) -> Again:
    from sweeps.readiness.preparation import Preparation
    from sweeps.run_folder.own_modules import noted_origin
    from trainables.context import ListContext
    from trainables.kinds import trial_config
    from trainables.rewards.own import use
    from trainables.training.untouched import evaluate

    config = trial_config(trial.config)
    if config.stage_trials[-1].kind == "dpo":  # its losses are against the base model
        return Again({}, "a trial of kind dpo is measured against its base model, in training only")
    use(noted_origin(run.folder, measured=True))
    prepared = Preparation(lambda _: None, lambda *_: None).data(config)
    if run.data and not {part.key for part in prepared.stages or (prepared,)} <= run.data.keys():
        return Again({}, "the validation rows are no longer those of the sweep: its data changed")
    context = ListContext(prepared)
    evaluate(trial_config(_as_saved(trial.config, folder)), context)
    found = context.reports[-1].metrics
    return Again({**found, **total_earned(trial.config, found)})


def _as_saved(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The trial as one whose base model is the saved one; it is asked no example questions."""
    model = {
        **config["model"],
        "name_or_path": str(folder),
        "revision": None,
        "quantization": "none",
    }
    evaluation = {**config.get("evaluation", {}), "examples": []}
    return {**config, "model": model, "evaluation": evaluation}
