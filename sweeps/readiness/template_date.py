"""The day that a run's chat templates write, where they write one."""

from contextlib import suppress

from search_spaces.space import Space
from sweeps.readiness.checks import models
from sweeps.readiness.preparation import Preparation
from sweeps.spec.sections import SweepSpec
from trainables.errors import InputError
from trainables.kinds import trial_config
from trainables.models.calendar import moves_with_calendar, today


def with_template_date(spec: SweepSpec, space: Space, preparation: Preparation) -> SweepSpec:
    """The spec of a new run with `model.template_date` today, where a base model's chat template
    writes today's date and the spec names no day; else as it is. Fetches the models."""
    if spec.trial.model.template_date is not None or not _dated(spec, space, preparation):
        return spec
    written = spec.trial.model_dump(mode="json")
    written["model"]["template_date"] = today()
    return spec.model_copy(update={"trial": trial_config(written)})


def _dated(spec: SweepSpec, space: Space, preparation: Preparation) -> bool:
    for model in models(spec, space):
        with suppress(InputError):  # `checks.make_ready` tells it
            if moves_with_calendar(preparation.model_folder(model)):
                return True
    return False
