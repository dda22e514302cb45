"""Whether a sweep's trials can be trained again as its section `confirm` asks."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sweeps.spec.confirm import ConfirmConfig
from sweeps.spec.sections import SweepSpec

FOLD = re.compile(r"(stages\.\d+\.)?data\.fold")


class Unconfirmable(NamedTuple):
    """A field of the section, what is wrong with it for this sweep, and the fix."""

    field: str
    value: object
    message: str
    fix: str


def unconfirmable(spec: SweepSpec, config: ConfirmConfig) -> Iterator[Unconfirmable]:
    """Why trials cannot be confirmed so."""
    folds = [path for path in spec.search.parameters if FOLD.fullmatch(path)]
    if folds:
        what = f"trains a trial again, and here each is one fold of a configuration ({folds[0]})"
        fix = (
            "Give the search seeds (search.seeds: 3 trains every fold with each), or confirm a "
            "sweep without folds"
        )
        yield Unconfirmable("", None, what, fix)
    if "split" not in config.vary:
        return
    for trial in spec.trial.stage_trials:
        own = (source for source in (trial.data, *(trial.data.mixture or ())) if source.validation)
        for source in own:
            what = (
                f"cannot vary validation rows that are given ({source.source} has data.validation)"
            )
            yield Unconfirmable("vary", list(config.vary), what, "Write vary: [seed]")
            return
