"""`search.seeds`: written out as the seeds of every training where a spec is read."""

from collections.abc import Iterator
from typing import Any

from search_spaces.schema import get_path
from sweeps.reading.document import Path, SpecFinding, section
from sweeps.reading.effects.looking import trainings
from sweeps.reading.parts import parts_of
from sweeps.spec.repeats import SEED
from trainables.training.config import TrainingConfig

SEEDS: Path = ("search", "seeds")
MOST = 100


def with_seeds(data: dict[str, Any]) -> dict[str, Any]:
    """What a spec says, with a list of seeds instead of a count, and as the values of
    `training.seed` of every stage."""
    search, parts = section(data, "search"), parts_of(data)
    seeds = _listed(search.get("seeds"), _own(data))
    if seeds is None:
        return data
    paths = [f"{prefix}training.seed" for prefix, _ in trainings(parts)]
    written = section(search, "parameters")
    added = {path: {"values": seeds} for path in paths if path not in written}
    return {**data, "search": {**search, "seeds": seeds, "parameters": {**written, **added}}}


def seed_findings(data: dict[str, Any]) -> Iterator[SpecFinding]:
    """What does not go with `search.seeds`, of a spec as it was written."""
    search = section(data, "search")
    given = search.get("seeds")
    if given is None:
        return
    if isinstance(given, list) and (twice := [s for i, s in enumerate(given) if s in given[:i]]):
        yield SpecFinding(SEEDS, "names a seed twice", twice[0], "Name each once")
    if given == []:
        yield SpecFinding(SEEDS, "names no seed", given, "Name one, or write how many")
    for path in section(search, "parameters"):
        if SEED.fullmatch(str(path)):
            place: Path = ("search", "parameters", path)
            what = "is searched beside search.seeds, which says the seeds of every configuration"
            yield SpecFinding(place, what, path, "Remove one of the two")
    for name, values in section(search, "baselines").items():
        for path in values if isinstance(values, dict) else ():
            if SEED.fullmatch(str(path)):
                place = ("search", "baselines", name, path)
                what = "names a seed, and baselines are trained with all of search.seeds"
                yield SpecFinding(place, what, values[path], "Remove it")


def _listed(given: Any, own: int) -> list[int] | None:
    """The seeds; None where there are none, or what is written is wrong."""
    if isinstance(given, list):
        legal = all(isinstance(s, int) and not isinstance(s, bool) and s >= 0 for s in given)
        return given if given and legal and len(set(given)) == len(given) else None
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= MOST:
        return None
    return [own + number for number in range(given)]


def _own(data: dict[str, Any]) -> int:
    """The seed that the trial section says, of stages the first."""
    for path in ("training.seed", "stages.0.training.seed"):
        given = get_path(section(data, "trial"), path)
        if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
            return given
    return int(TrainingConfig.model_fields["seed"].default)
