"""Benchmarks of a trial at its end, and of the base model: the items come with the trial's data."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from trainables.data.benchmark import LoadedBenchmark
from trainables.data.leaks import without
from trainables.data.rows import Row
from trainables.errors import InputError
from trainables.evaluation.benchmarks.answerer import Answerer
from trainables.evaluation.benchmarks.by_item import item_table
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import load
from trainables.evaluation.benchmarks.measuring import Store, ask, outcome
from trainables.evaluation.benchmarks.results import by_subject, curves, lines
from trainables.evaluation.probability_calibration import CURVE_POINTS
from trainables.evaluation.row_results import RowTable

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared


class Benchmarked(NamedTuple):
    """Metrics as a trial reports them, its answers, for its record intervals, subjects and
    calibration curves, and what each item's answer was worth."""

    metrics: dict[str, float]
    predictions: tuple[dict[str, Any], ...]
    facts: Mapping[str, Any]
    rows: tuple[RowTable, ...] = ()


def measure_all(answerer: Answerer, benchmarks: Sequence[LoadedBenchmark]) -> Benchmarked:
    """All benchmarks of a model."""
    store: Store = {}
    ask(answerer, [benchmarks], store)
    return benchmarked(benchmarks, store)


def benchmarked(
    benchmarks: Sequence[LoadedBenchmark], store: Store, candidate: int = 0
) -> Benchmarked:
    """What a candidate's answers in the store are worth."""
    metrics: dict[str, float] = {}
    predictions: list[dict[str, Any]] = []
    facts: dict[str, Any] = {}
    rows: list[RowTable] = []
    for loaded in benchmarks:
        found, name = outcome(loaded, store, candidate), loaded.config.name
        metrics |= {f"{name}_{m}": measured.value for m, measured in found.measures.items()}
        predictions += lines(found)
        rows.append(item_table(found))
        facts[name] = {m: dict(measured._asdict()) for m, measured in found.measures.items()}
        if subjects := by_subject(found):
            facts[name]["subjects"] = subjects
        if drawn := curves(found.answers, CURVE_POINTS):
            facts[name]["calibration"] = drawn
    told = {"benchmarks": facts} if facts else {}
    return Benchmarked(metrics, tuple(predictions), told, tuple(rows))


def with_benchmarks(
    prepared: "Prepared", configs: Sequence[BenchmarkConfig], together: int = 1
) -> "Prepared":
    """The data with the items of the benchmarks, without the training rows that hold one of them;
    its key tells them apart. So many rows are one example (2: a pair) and go together. Raises
    InputError."""
    if not configs:
        return prepared
    loaded = tuple(load(config) for config in configs)
    prepared = _without_items(prepared, loaded, together)
    content = ":".join([prepared.key, *(each.fingerprint for each in loaded)])
    about = {
        each.config.name: {
            "questions": len(each.items),
            "sha256": each.fingerprint,
            "version": each.version,
            "citation": each.citation,
            "licence": each.licence,
        }
        for each in loaded
    }
    return prepared._replace(
        key=hashlib.sha256(content.encode()).hexdigest()[: len(prepared.key)],
        benchmarks=loaded,
        report={**prepared.report, "benchmarks": about},
    )


def _without_items(
    prepared: "Prepared", loaded: Sequence[LoadedBenchmark], together: int
) -> "Prepared":
    """Drops and counts training rows that contain a question of a benchmark."""
    train, items = prepared.train, [item for each in loaded for item in each.items]
    texts = zip(train.questions, train.references, strict=True)
    rows = [Row(str(place), "", question, answer) for place, (question, answer) in enumerate(texts)]
    left, dropped = without(rows, items)
    if not dropped:
        return prepared
    kept = _whole([int(row.id) for row in left], together)
    if not kept:
        message = f"all {len(rows)} training rows are questions of the benchmarks"
        raise InputError(
            "evaluation.benchmarks", None, message, "Train on other data, or limit the benchmark"
        )
    train = train.take(kept)
    report = prepared.report
    tokens = {"train": len(train.tokens), "answer_train": train.answer_tokens()}
    return prepared._replace(
        train=train,
        report={
            **report,
            "dropped": {**report["dropped"], "benchmark": (len(rows) - len(train)) // together},
            "kept": {**report["kept"], "train": len(train) // together},
            "tokens": {**report["tokens"], **tokens},
        },
    )


def _whole(places: Sequence[int], together: int) -> list[int]:
    """The places of examples of which no row is missing."""
    found = Counter(place // together for place in places)
    return [place for place in places if found[place // together] == together]
