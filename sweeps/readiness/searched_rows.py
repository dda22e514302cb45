"""The data sets that a search makes of the trial's own: each searched value alone, of ranges the
ends, and what baselines name. What filters leave of them is asked before anything trains."""

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from pydantic import ValidationError

from search_spaces.schema import set_path
from search_spaces.space import Space
from search_spaces.values import text_of
from sweeps.readiness.preparation import Preparation
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec
from trainables.errors import InputError
from trainables.kinds import TrialConfig, trial_config

ROWS = re.compile(r"(^|\.)data(\.|$)|(^|\.)training\.max_length$")  # what decides which rows stay
SHOWN = 80  # characters of a value
Searched = tuple[str, Mapping[str, Any]]  # what is set, and the data report


def searched_reports(spec: SweepSpec, space: Space, preparation: Preparation) -> list[Searched]:
    """The data reports of all searched values that change which rows there are. Raises SpecError
    where one leaves none."""
    found: list[Searched] = []
    problems = []
    for path, value, config in _configurations(spec, space):
        try:
            report = preparation.data(config).report
        except InputError as error:
            field = f"search.parameters.{path}"
            message = f"{error.field}: {error.message}"
            problems.append(Problem(None, None, field, value, message, error.fix))
            continue
        found.append((f"{path} {text_of(value)[:SHOWN]}", report))
    if problems:
        raise SpecError(problems)
    return found


def _configurations(spec: SweepSpec, space: Space) -> Iterator[tuple[str, Any, TrialConfig]]:
    for path in filter(ROWS.search, space.order):
        named = (given[path] for given in spec.search.baselines.values() if path in given)
        for value in (*space.parameters[path].probes(), *named):
            content = spec.trial.model_dump(mode="json")
            set_path(content, path, value)
            with suppress(ValidationError):  # a combination that no trial will have
                yield path, value, trial_config(content)
