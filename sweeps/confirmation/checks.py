"""Before a confirmation starts."""

from sweeps.spec.confirm import ConfirmConfig
from sweeps.spec.confirmable import unconfirmable
from sweeps.spec.errors import Problem, SpecError
from sweeps.spec.sections import SweepSpec


def check_confirmable(spec: SweepSpec, config: ConfirmConfig) -> None:
    """SpecError where the trials of a run cannot be trained again as `config` asks."""
    problems = [
        Problem(None, None, f"confirm.{p.field}".rstrip("."), p.value, p.message, p.fix)
        for p in unconfirmable(spec, config)
    ]
    if problems:
        raise SpecError(problems)
