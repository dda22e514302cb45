"""How the race stands, asked at the end of each round of a confirmation."""

from collections.abc import Sequence

from sweeps.confirmation.asked import Asked
from sweeps.confirmation.course import Judged, Values
from sweeps.confirmation.race import Standing, clear, drops, standing


def judge(asked: Asked, values: Values, racing: Sequence[str]) -> Judged:
    """Which of those still `racing` drop out, and whether one has won."""
    now = believed(asked, values)
    best = {candidate.name: candidate.best for candidate in now.candidates}
    out = [name for name in drops(now) if name in racing]
    return Judged({name: best[name] for name in out}, now.leader.name if clear(now) else None)


def believed(asked: Asked, values: Values) -> Standing:
    """What is believed of all trials of a confirmation. Of the search's own runs the candidates'
    count among theirs, and all of them say how configurations differ."""
    return standing(
        list(asked.pool.values()),
        {name: asked.pool.get(name) for name in asked.names},
        values,
        lower_is_better=asked.mode == "min",
        baselines=asked.baselines,
    )
