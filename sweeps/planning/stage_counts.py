"""How many different stages a sweep's trials have: those that are alike are trained once."""

from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any, NamedTuple

from pydantic import ValidationError

from search_spaces.schema import set_path
from search_spaces.space import Space
from sweeps.control.proposer import whole_baseline
from sweeps.control.repeats import proposer_of
from sweeps.readiness.preparation import rows_asked
from sweeps.spec.sections import SweepSpec
from trainables.kinds import trial_config
from trainables.staged.alone import alone_keys
from trainables.staged.config import StagedConfig
from trainables.staged.shared import stage_keys

COUNTED = 1000  # trials: of more, a bound is told


class Key(NamedTuple):
    """Of a stage: what it is trained once for if no stage takes rows out of it that repeat another
    one's validation rows, which only the rows tell; and if all do."""

    least: str
    most: str


class StageCount(NamedTuple):
    """Of a stage how many are trained; where not `exact`, that is the most there can be."""

    name: str
    kind: str
    number: int
    exact: bool


def stage_counts(spec: SweepSpec, space: Space) -> tuple[StageCount, ...]:
    """Each stage but the last, whose results no trial can share; () for trials without stages.

    Counted where suggestions are known before (grid, QMC, random), else bounded by the number of
    trials and, where all that a stage depends on is finite, of its configurations.
    """
    if not isinstance(spec.trial, StagedConfig):
        return ()
    known = not proposer_of(spec.search, space).learns and spec.search.trainings <= COUNTED
    stages = spec.trial.stages[:-1]
    if known:
        suggested = [keys for keys in map(_keys, _configurations(spec, space)) if keys]
        counts = [_counted([keys[place] for keys in suggested]) for place in range(len(stages))]
    else:
        counts = [(_bound(spec, space, place), False) for place in range(len(stages))]
    pairs = zip(stages, counts, strict=True)
    return tuple(StageCount(stage.name, stage.kind, *count) for stage, count in pairs)


def _counted(keys: Sequence[Key]) -> tuple[int, bool]:
    """How many there are at most, and whether there are just as many."""
    most = len({key.most for key in keys})
    return most, most == len({key.least for key in keys})


def _configurations(spec: SweepSpec, space: Space) -> Iterator[dict[str, Any]]:
    """What the sweep will suggest, in order."""
    proposer = proposer_of(spec.search, space)
    for number in range(1, spec.search.trainings + 1):
        suggested = proposer.next(number, spec.trial)
        if suggested is None:
            return
        yield _with(spec, suggested[1])


def _with(spec: SweepSpec, values: Mapping[str, Any]) -> dict[str, Any]:
    content = spec.trial.model_dump(mode="json")
    for path, value in values.items():
        set_path(content, path, value)
    return content


def _keys(content: dict[str, Any]) -> tuple[Key, ...]:
    """As the run will have them, but by the names of the rows and not by the rows; () where this
    is no trial."""
    try:
        config = trial_config(content)
    except ValidationError:
        return ()
    assert isinstance(config, StagedConfig)
    own = list(map(rows_asked, config.stage_trials))
    found = zip(
        stage_keys(config, repr(own)),
        alone_keys(config, own),
        alone_keys(config, [repr([*own, rows]) for rows in own]),
        strict=True,
    )
    return tuple(Key(least or key, most or key) for key, least, most in found)


def _bound(spec: SweepSpec, space: Space, place: int) -> int:
    """The most different stages of this number that there can be."""
    trials = spec.search.trainings
    sizes = [
        space.parameters[path].size() for path in space.order if _matters(spec, space, path, place)
    ]
    if None in sizes:
        return trials
    named = (whole_baseline(spec.trial, space, b) for b in spec.search.baselines.values())
    outside = [_keys(_with(spec, values)) for values in named if not space.contains(values)]
    further = {keys[place].most for keys in outside if keys}
    return min(trials, prod(size or 1 for size in sizes) + len(further))


def _matters(spec: SweepSpec, space: Space, path: str, place: int) -> bool:
    """Whether a parameter changes the result of the stage `place`."""
    probes = space.parameters[path].probes()
    found = [keys for keys in (_keys(_with(spec, {path: value})) for value in probes) if keys]
    return not found or len({keys[place].most for keys in found}) > 1
