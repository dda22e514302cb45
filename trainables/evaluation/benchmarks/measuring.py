"""A benchmark of a model: its answers, remembered one by one, and what is measured of them."""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from trainables.data.benchmark import LoadedBenchmark
from trainables.errors import InputError
from trainables.evaluation.benchmarks.answered import AnsweredItem, Option
from trainables.evaluation.benchmarks.answerer import Answerer
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import questions
from trainables.evaluation.benchmarks.measures import MEASURES, bert_score
from trainables.evaluation.benchmarks.question import Generation, Question
from trainables.evaluation.measured import Measured

Store = MutableMapping[str, Any]  # answers by what was asked; JSON values
Way = Generation | None  # how a question is answered; None: its options are scored
OnAnswers = Callable[[int, int], None]  # answers there are, answers there will be


class BenchmarkOutcome(NamedTuple):
    """A benchmark's answers and measures; a measure that has no value is not among them."""

    loaded: LoadedBenchmark
    answers: tuple[AnsweredItem, ...]
    measures: dict[str, Measured]


def measure(
    answerer: Answerer,
    loaded: LoadedBenchmark,
    store: Store | None = None,
    progress: OnAnswers | None = None,
) -> BenchmarkOutcome:
    """Ask what is not in the store yet, and measure. Raises InputError."""
    held = {} if store is None else store
    ask(answerer, [[loaded]], held, progress)
    return outcome(loaded, held)


def ask(
    answerer: Answerer,
    benchmarks: Sequence[Sequence[LoadedBenchmark]],
    store: Store,
    progress: OnAnswers | None = None,
) -> None:
    """Ask each of the answerer's candidates its benchmarks, but for what is in the store; all that
    is asked in one way, together. Raises InputError."""
    alike: dict[Way, list[Question]] = defaultdict(list)
    for candidate, own in enumerate(benchmarks):
        for loaded in own:
            for way in _ways(loaded.config):
                alike[way] += questions(loaded, candidate)
    for way, asked in alike.items():
        _ask(answerer, asked, way, store, progress or (lambda _done, _all: None))


def outcome(loaded: LoadedBenchmark, store: Store, candidate: int = 0) -> BenchmarkOutcome:
    """What the store's answers of a candidate are worth. Raises InputError."""
    asked = questions(loaded, candidate)
    options: list[tuple[Option, ...]] = [()] * len(asked)
    texts: list[tuple[str, ...]] = [()] * len(asked)
    for way in _ways(loaded.config):
        answered = [store[_key(question, way)] for question in asked]
        if way is None:
            options = [tuple(Option(*option) for option in scored) for scored in answered]
        else:
            texts = [tuple(samples) for samples in answered]
    _check_numbers(loaded.config.name, options)
    answers = tuple(map(AnsweredItem, loaded.items, options, texts))
    return BenchmarkOutcome(loaded, answers, measured(loaded.config, answers))


def _check_numbers(name: str, scored: Sequence[Sequence[Option]]) -> None:
    broken = sum(any(math.isnan(option.nats) for option in options) for options in scored)
    if broken:
        what = f"gives no number for {broken} of {len(scored)} questions of {name}"
        fix = "Float16 overflows where bfloat16 does not: try model.dtype bfloat16 or float32"
        raise InputError("model.dtype", None, what, fix)


def _ways(config: BenchmarkConfig) -> list[Way]:
    """How its measures need the questions to be asked."""
    needed = {MEASURES[name].needs for name in config.measured}
    how = Generation(config.max_new_tokens, config.samples, config.temperature, config.seed)
    scored: list[Way] = [None] if "likelihood" in needed else []
    return [*scored, how] if needed - {"likelihood"} else scored


def _ask(
    answerer: Answerer, asked: Sequence[Question], way: Way, store: Store, progress: OnAnswers
) -> None:
    keys = [_key(question, way) for question in asked]
    missing = [i for i, key in enumerate(keys) if key not in store]
    there = len(keys) - len(missing)
    progress(there, len(keys))

    def done(i: int, value: tuple[Any, ...]) -> None:
        nonlocal there
        store[keys[missing[i]]] = value
        there += 1
        progress(there, len(keys))

    left = [asked[i] for i in missing]
    if left and way is None:
        answerer.score(left, done)
    elif left and way is not None:
        answerer.answer(left, way, done)


def _key(question: Question, way: Way) -> str:
    """The same question, asked in the same way, has the same key."""
    content = ["score", question] if way is None else ["answer", question._replace(options=()), way]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:24]


def measured(config: BenchmarkConfig, answers: Sequence[AnsweredItem]) -> dict[str, Measured]:
    """The measures by name; those without a value are left out."""
    of = {name: MEASURES[name].of for name in config.measured}
    if "bertscore_f1" in of:
        of["bertscore_f1"] = partial(bert_score, encoder=config.bertscore_model)
    found = {name: function(answers) for name, function in of.items()}
    return {name: value for name, value in found.items() if value is not None}
