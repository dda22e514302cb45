"""How well scores rank pairs: pure functions of each pair's score difference, chosen - rejected."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.evaluation.measure import Loss
from trainables.evaluation.measured import Measured, clustered_share
from trainables.evaluation.probability_calibration import (
    brier,
    confidences,
    expected_calibration_error,
    reliability,
)
from trainables.evaluation.row_results import PAIRS, RowTable, row_table

if TYPE_CHECKING:
    from trainables.data.token_rows import TokenRows


class Scores(NamedTuple):
    """Scored pairs: (n,) each of chosen and rejected scores, groups and sources."""

    chosen: Sequence[float]
    rejected: Sequence[float]
    groups: Sequence[str]
    sources: Sequence[str]

    @property
    def differences(self) -> list[float]:
        """(n,) chosen - rejected."""
        return [c - r for c, r in zip(self.chosen, self.rejected, strict=True)]

    def of(self, source: str) -> "Scores":
        """The pairs of one source."""
        places = [i for i, name in enumerate(self.sources) if name == source]
        chosen, rejected = ([column[i] for i in places] for column in self[:2])
        groups, sources = ([column[i] for i in places] for column in self[2:])
        return Scores(chosen, rejected, groups, sources)


def scores_of(rows: "TokenRows", values: Sequence[float]) -> Scores:
    """The pairs of token rows, of which 2i is the chosen and 2i + 1 the rejected answer; `values`
    are the rows' scores, (2n,)."""
    sources = rows.components or [""] * len(rows)
    return Scores(values[::2], values[1::2], rows.groups[::2], sources[::2])


def bradley_terry(differences: Sequence[float]) -> float:
    """The mean of -log sigmoid(difference), in nats a pair; NaN stays NaN."""
    return math.fsum(map(_bradley_terry, differences)) / len(differences)


def pairwise_accuracy(differences: Sequence[float], groups: Sequence[str]) -> Measured:
    """The share of pairs whose chosen answer scores higher; a tie counts half.

    The interval allows for pairs of the same group not being independent (`clustered_share`). NaN
    counts as wrong.
    """
    return clustered_share([*map(_right, differences)], groups)


class Calibration(NamedTuple):
    """How well sigmoid(difference) says how often the chosen answer wins."""

    ece: float  # 0..1
    brier: float  # 0..2, of the two outcomes
    reliability: list[dict[str, float | int | None]]


def calibration(differences: Sequence[float]) -> Calibration:
    """Calibration of the probability sigmoid(difference).

    Each pair counts in both orders (is the first answer the better one?), so that which answer
    stands first cannot matter and a tie is half right. ECE over 10 bins of the confidence, the
    larger of the two probabilities (0.5..1). See `evaluation.calibration` for both.
    """
    wins = [_sigmoid(d) for d in differences]
    probabilities = [[p, 1 - p] for p in wins] + [[1 - p, p] for p in wins]
    gold = [0] * len(wins) + [1] * len(wins)
    scored = confidences(probabilities, gold)
    errors = brier(probabilities, gold)
    bars = [bar._asdict() for bar in reliability(scored) if bar.n]
    return Calibration(expected_calibration_error(scored), sum(errors) / len(errors), bars)


def by_source(scores: Scores) -> dict[str, dict[str, Any]]:
    """Of each source: pairwise_accuracy with its 95% interval and number of pairs, val_loss (nats
    a pair), and the mean score of all answers."""
    return {name: _facts(scores.of(name)) for name in sorted(set(scores.sources))}


def _facts(scores: Scores) -> dict[str, Any]:
    accuracy = pairwise_accuracy(scores.differences, scores.groups)
    every = [*scores.chosen, *scores.rejected]
    return {
        "pairwise_accuracy": accuracy._asdict(),
        "val_loss": bradley_terry(scores.differences),
        "mean_score": math.fsum(every) / len(every),
    }


def loss_of(scores: Scores) -> Loss:
    """val_loss (nats a pair) and pairwise_accuracy of all pairs."""
    accuracy = pairwise_accuracy(scores.differences, scores.groups).value
    loss = bradley_terry(scores.differences)
    return Loss({"val_loss": loss, "pairwise_accuracy": accuracy}, {})


def pair_table(
    name: str, rows: "TokenRows", scores: Scores, losses: Sequence[float] | None = None
) -> RowTable:
    """Each pair of token rows: whether it is ranked right, and by how much; and its loss, by
    default that of a reward model."""
    differences = scores.differences
    found = [*map(_bradley_terry, differences)] if losses is None else losses
    values = {"val_loss": found, "margin": differences}
    values["pairwise_accuracy"] = [*map(_right, differences)]
    table = row_table(name, rows, values, together=2)
    table["id"] = [own.removesuffix("/chosen") for own in table["id"]]
    return table


def measured_loss(rows: "TokenRows", scores: Scores) -> Loss:
    """As `loss_of`, with each pair's."""
    return loss_of(scores)._replace(rows=(pair_table(PAIRS, rows, scores),))


def final_metrics(seen: Scores, unseen: Scores | None) -> dict[str, float]:
    """What is measured at a trial's end: calibration, and accuracy on sources never trained on."""
    own = calibration(seen.differences)
    found = {"pairwise_ece": own.ece, "pairwise_brier": own.brier}
    if unseen is not None:
        accuracy = pairwise_accuracy(unseen.differences, unseen.groups)
        found["unseen_pairwise_accuracy"] = accuracy.value
    return found


def facts_of(seen: Scores, unseen: Scores | None) -> Mapping[str, Any]:
    """What a record says of the pairs: accuracy by source, of sources trained on and of others,
    each with all pairs together; and the calibration of both."""
    parts = {"seen": seen, "unseen": unseen}
    return {
        name: {
            "all": _facts(scores),
            "sources": by_source(scores),
            "calibration": calibration(scores.differences)._asdict(),
        }
        for name, scores in parts.items()
        if scores is not None
    }


def _bradley_terry(difference: float) -> float:
    # log(1 + exp(-d)) without overflow
    return max(-difference, 0.0) + math.log1p(math.exp(-abs(difference)))


def _right(difference: float) -> float:
    return 1.0 if difference > 0 else 0.5 * (difference == 0)


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
