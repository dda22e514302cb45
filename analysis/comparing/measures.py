"""Two sides, measure by measure: what each has, and how sure the difference is on the same rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analysis.comparing.sides import UNTOLD, Side
from analysis.files import RunError
from analysis.rows import PairedRows, paired_files
from analysis.statistics.crossed import difference
from analysis.statistics.paired import LEVEL, compare
from analysis.statistics.several import holm
from analysis.wording import mode
from sweeps.spec.sections import ACROSS_MODELS, PER_TOKEN

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_ROWS = "not measured row by row"
COSTS = ("minutes", "gpu_peak_gb", "train_loss")  # nothing that rows could tell


@dataclass(frozen=True)
class Compared:
    """One measure of two sides. The difference is the second's less the first's, over the rows
    that both were judged on; None where there is none, and `why` says for what reason."""

    metric: str
    values: tuple[float, float]
    difference: float | None = None
    interval: tuple[float, float] | None = None  # 95%, of this measure alone
    p: float | None = None  # two-sided, corrected for the number of measures (Holm)
    n_rows: int = 0
    n_seeds: int = 1
    seeds_seen: bool = False  # False: another seed might make as large a difference
    why: str = ""

    @property
    def better(self) -> int | None:
        """0 where the first is better beyond chance, 1 where the second is; None: not told."""
        if self.p is None or self.p >= LEVEL or not self.difference or self.interval is None:
            return None
        if self.interval[0] <= 0 <= self.interval[1]:
            return None
        return int((self.difference < 0) == (mode(self.metric) == "min"))


class Comparison(NamedTuple):
    """Two sides by the runs that were compared, and their measures."""

    first: Side
    second: Side
    measures: tuple[Compared, ...]  # those that rows tell come first


def compare_sides(first: Side, second: Side, only: Sequence[str] = ()) -> Comparison:
    """Every measure that both have, or of those `only`. RunError where they share none."""
    one, two = _alike(first, second)
    shared = [m for m in one.metrics if m in two.metrics and m not in COSTS]
    if not shared:
        raise RunError(f"no measure in common: {_has(one)}; {_has(two)}.")
    found = [_compared(metric, one, two) for metric in shared if not only or metric in only]
    corrected = holm([c.p for c in found])
    told = (replace(c, p=h.p) for c, h in zip(found, corrected, strict=True))
    return Comparison(one, two, tuple(sorted(told, key=lambda c: c.difference is None)))


def differing(first: Side, second: Side) -> dict[str, tuple[object, object]]:
    """The settings that are not the same, of two sides of one sort."""
    alike = first.sort == second.sort and first.facts and second.facts
    return {
        path: (first.facts.get(path), second.facts.get(path))
        for path in (dict.fromkeys([*first.facts, *second.facts]) if alike else ())
        if first.facts.get(path) != second.facts.get(path)
        and not set(path.split(".")) & set(UNTOLD)
    }


def _has(side: Side) -> str:
    return f"{side.name} has {', '.join(m for m in side.metrics if m not in COSTS) or 'none'}"


def _alike(first: Side, second: Side) -> tuple[Side, Side]:
    """Both by runs that can be paired: those with new seeds where each has the same ones or is a
    base model; else each one's run in the search."""
    if numbers := _shared_seeds(first, second):
        return _only(first, numbers), _only(second, numbers)
    return first.once or first, second.once or second


def _shared_seeds(first: Side, second: Side) -> set[int]:
    trained = [side for side in (first, second) if side.trained]
    if not trained or not all(side.once for side in trained):
        return set()
    both = set.intersection(*(set(side.runs) for side in trained))
    return {n for n in both if len({side.runs[n].chance for side in trained}) == 1}


def _only(side: Side, numbers: set[int]) -> Side:
    kept = {n: run for n, run in side.runs.items() if n in numbers or not side.trained}
    return replace(side, runs=kept)


def _compared(metric: str, first: Side, second: Side) -> Compared:
    values = (first.metrics[metric], second.metrics[metric])
    bare = Compared(metric, values)
    if metric in PER_TOKEN and first.model != second.model:
        return replace(bare, why=f"by the token of two models: see {ACROSS_MODELS.metric}")
    try:
        rows = paired_files(_files(first, second), metric)
    except RunError as error:
        return replace(bare, why=str(error))
    if rows is None or not rows.exact:
        return replace(bare, why=NO_ROWS)
    tables = _tables(rows, len(first.runs))
    return _told(bare, rows, *tables)


def _files(first: Side, second: Side) -> dict[str, Path]:
    """By names that an error can show."""
    return {
        f"{side.name}{f'/seeds/{number}' if number else ''}": side.runs[number].file
        for side in (first, second)
        for number in sorted(side.runs)
    }


def _tables(rows: PairedRows, count: int) -> list["NDArray[np.float64]"]:
    """(seeds, rows) of each side; a base model's is the same beside every seed."""
    halves = (rows.shares[:count], rows.shares[count:])
    most = max(map(len, halves))
    return [np.broadcast_to(half, (most, half.shape[1])) for half in halves]


def _told(
    bare: Compared,
    rows: PairedRows,
    first: "NDArray[np.float64]",
    second: "NDArray[np.float64]",
) -> Compared:
    found = difference(second, first, rows.groups.tolist())
    if found is None:
        return bare
    told = replace(
        bare,
        values=(float(first.mean()), float(second.mean())),
        difference=found.estimate,
        interval=found.interval,
        p=found.p,
        n_rows=len(rows.ids),
        n_seeds=found.n_seeds,
        seeds_seen=found.missing == "",
    )
    right = _right_or_wrong(rows, first, second)
    exact = compare(*right) if right else None  # counts of few questions are no Student's t
    return replace(told, interval=exact.interval, p=exact.p) if exact else told


def _right_or_wrong(
    rows: PairedRows, first: "NDArray[np.float64]", second: "NDArray[np.float64]"
) -> "tuple[list[bool], list[bool]] | None":
    """Where each row is right or wrong, stands for itself, and was asked once of either."""
    alone = len(first) == 1 and len(set(rows.groups.tolist())) == len(rows.ids)
    if not alone or not np.isin([first, second], (0.0, 1.0)).all():
        return None
    return (first[0] > 0).tolist(), (second[0] > 0).tolist()


def reasons(found: Sequence[Compared]) -> Iterator[str]:
    """Why measures have no difference on the same rows, each reason once."""
    by_reason: dict[str, list[str]] = {}
    for one in found:
        if one.why:
            text = one.why.removeprefix(f"{one.metric} row by row: ")
            by_reason.setdefault(text, []).append(one.metric)
    for reason, metrics in by_reason.items():
        yield f"{', '.join(metrics)}: {reason.rstrip('.')}."
