"""Trials made by hand for the selection rules."""

from typing import Any

from analysis.runs import TrialView
from sweeps.spec.sections import SearchSpec
from tests.analysis.fixtures import FLASHCARDS


def trial(number: int, state: str = "complete", model: str = "m", **metrics: float) -> TrialView:
    """A trial of `model` with these metrics."""
    return TrialView(
        trial=f"EXP-{number:03d}",
        number=number,
        state=state,
        config={"model": {"name_or_path": model}},
        metrics=metrics,
    )


def flashcards() -> list[TrialView]:
    """The four literal rows of the flashcards system's section 6: val loss, ROUGE-1, BLEU."""
    return [
        trial(n, val_loss=row[5], rouge1=row[6], bleu=row[7], minutes=row[10])
        for n, row in enumerate(FLASHCARDS, 1)
    ]


def spec(*objectives: tuple[str, str], rule: str = "objective", **more: Any) -> SearchSpec:
    """A sweep's search section; one objective is written as an object, more as a list."""
    written = [{"metric": m, "mode": d} for m, d in objectives or (("val_loss", "min"),)]
    selection = {"rule": rule, "metrics": more.pop("metrics", ["val_loss", "rouge1", "bleu"])}
    objective = written[0] if len(written) == 1 else written
    return SearchSpec.model_validate({"objective": objective, "selection": selection, **more})
