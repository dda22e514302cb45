"""What is written of an evaluation: numbers, items one by one, and how they came about."""

from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from trainables.data.items import Item
from trainables.evaluation.benchmarks.answered import AnsweredItem
from trainables.evaluation.benchmarks.measures import MEASURES, known
from trainables.evaluation.benchmarks.measuring import BenchmarkOutcome
from trainables.evaluation.measured import Measured
from trainables.evaluation.probability_calibration import (
    abstention_curve,
    confidences,
    reliability,
    thinned,
)

PACKAGES = ("medsweep", "torch", "transformers", "peft", "bitsandbytes", "tokenizers")
BY_SUBJECT = ("accuracy", "generated_accuracy")
ABOUT = "about"  # the one key of a results file that is no benchmark


def document(outcomes: Sequence[BenchmarkOutcome], model: Any, settings: Any) -> dict[str, Any]:
    """The results file: benchmark → metric → value, interval, n; and `about`, where all else is."""
    about = {
        "subjects": {o.loaded.config.name: s for o in outcomes if (s := by_subject(o))},
        "calibration": {o.loaded.config.name: c for o in outcomes if (c := curves(o.answers))},
        "model": model,
        "items": {o.loaded.config.name: _about(o) for o in outcomes},
        "settings": settings,
        "versions": versions(),
    }
    return {**{o.loaded.config.name: _numbers(o.measures) for o in outcomes}, ABOUT: about}


def by_subject(outcome: BenchmarkOutcome) -> dict[str, dict[str, Any]]:
    """Accuracies of each subject, for benchmarks that tell subjects."""
    names = [name for name in BY_SUBJECT if name in outcome.measures]
    subjects = sorted({a.item.subject for a in outcome.answers})
    if len(subjects) < 2:
        return {}
    return {
        subject or "(none)": _numbers({name: m for name in names if (m := _of(name, own))})
        for subject in subjects
        if (own := [a for a in outcome.answers if a.item.subject == subject])
    }


def _of(name: str, answers: Sequence[AnsweredItem]) -> Measured | None:
    return MEASURES[name].of(answers)


def curves(answers: Sequence[AnsweredItem], points: int | None = None) -> dict[str, Any]:
    """The reliability diagram and the abstention curve, where options were scored; the curve
    whole, or thinned to at most `points`."""
    found = [a for a in known(answers) if a.options]
    if not found:
        return {}
    scored = confidences([a.probabilities for a in found], [a.item.gold or 0 for a in found])
    curve = abstention_curve(scored)
    return {
        "reliability": [bar._asdict() for bar in reliability(scored)],
        "abstention": [p._asdict() for p in (thinned(curve, points) if points else curve)],
    }


def lines(outcome: BenchmarkOutcome) -> list[dict[str, Any]]:
    """What predictions.jsonl holds of each item; `correct` is absent where nothing tells."""
    return [_line(outcome.loaded.config.name, answer) for answer in outcome.answers]


def _line(benchmark: str, answer: AnsweredItem) -> dict[str, Any]:
    item = answer.item
    line: dict[str, Any] = {
        "id": item.id,
        "benchmark": benchmark,
        "question": item.question,
        "reference": _reference(item),
        "prediction": answer.text if answer.texts else _words(item, answer),
    }
    if item.subject:
        line["subject"] = item.subject
    if item.gold is not None and answer.options:
        line["correct"] = answer.likeliest == item.gold
        line["probabilities"] = [round(p, 6) for p in answer.probabilities]
    if item.gold is not None and answer.texts:
        line["generated_correct"] = answer.vote.option == item.gold
    return line


def _reference(item: Item) -> str:
    return item.answer if item.gold is None else item.options[item.gold]


def _words(item: Item, answer: AnsweredItem) -> str:
    return item.options[answer.likeliest] if answer.options else ""


def _numbers(measures: dict[str, Measured]) -> dict[str, dict[str, Any]]:
    return {name: dict(m._asdict()) for name, m in measures.items()}


def _about(outcome: BenchmarkOutcome) -> dict[str, Any]:
    loaded = outcome.loaded
    return {
        "n": len(loaded.items),
        "sha256": loaded.fingerprint,
        "version": loaded.version,
        "citation": loaded.citation,
        "licence": loaded.licence,
        "instruction": loaded.instruction,
        "shots": [shot.id for shot in loaded.shots],
    }


def versions() -> dict[str, str]:
    """Versions of what takes part."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # not installed: not used either
            continue
    return found
