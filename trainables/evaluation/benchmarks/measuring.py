"""A benchmark of a model: its answers, remembered one by one, and what is measured of them."""

import hashlib
import json
from collections.abc import Callable, MutableMapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from trainables.evaluation.benchmarks.answered import Answered, Option
from trainables.evaluation.benchmarks.answerer import Answerer, Generation, Question
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import Loaded, questions
from trainables.evaluation.benchmarks.measures import MEASURES, bert_score
from trainables.evaluation.measured import Measured

Store = MutableMapping[str, Any]  # answers by what was asked; JSON values
Progress = Callable[[int, int], None]  # answers there are, answers there will be


class Outcome(NamedTuple):
    """A benchmark's answers and measures; a measure that has no value is not among them."""

    loaded: Loaded
    answers: tuple[Answered, ...]
    measures: dict[str, Measured]


def measure(
    answerer: Answerer, loaded: Loaded, store: Store | None = None, progress: Progress | None = None
) -> Outcome:
    """Ask what is not in the store yet, and measure. Raises InputError."""
    config, held = loaded.config, {} if store is None else store
    asked = questions(loaded)
    needed = {MEASURES[name].needs for name in config.measured}
    how = Generation(config.max_new_tokens, config.samples, config.temperature, config.seed)
    work = Work(answerer, asked, held, progress)
    scored = work.scores() if "likelihood" in needed else [()] * len(asked)
    texts = work.texts(how) if needed - {"likelihood"} else [()] * len(asked)
    answers = tuple(map(Answered, loaded.items, scored, texts))
    return Outcome(loaded, answers, measured(config, answers))


def measured(config: BenchmarkConfig, answers: Sequence[Answered]) -> dict[str, Measured]:
    """The measures by name; those without a value are left out."""
    of = {name: MEASURES[name].of for name in config.measured}
    if "bertscore_f1" in of:
        of["bertscore_f1"] = partial(bert_score, encoder=config.bertscore_model)
    found = {name: function(answers) for name, function in of.items()}
    return {name: value for name, value in found.items() if value is not None}


class Work:
    """Answers that are in the store, and those still to be had."""

    def __init__(
        self,
        answerer: Answerer,
        asked: Sequence[Question],
        store: Store,
        progress: Progress | None,
    ) -> None:
        self.answerer, self.asked, self.store = answerer, asked, store
        self.progress = progress or (lambda _done, _all: None)

    def scores(self) -> list[tuple[Option, ...]]:
        """Each question's options, scored."""
        keys = [_key("score", question) for question in self.asked]
        found = self._all(keys, lambda missing, done: self.answerer.score(missing, done))
        return [tuple(Option(*option) for option in options) for options in found]

    def texts(self, how: Generation) -> list[tuple[str, ...]]:
        """Each question's generated answers."""
        keys = [_key("answer", question._replace(options=()), how) for question in self.asked]
        found = self._all(keys, lambda missing, done: self.answerer.answer(missing, how, done))
        return [tuple(texts) for texts in found]

    def _all(
        self,
        keys: Sequence[str],
        ask: Callable[[list[Question], Callable[[int, tuple[Any, ...]], None]], None],
    ) -> list[Any]:
        missing = [i for i, key in enumerate(keys) if key not in self.store]
        there = len(keys) - len(missing)
        self.progress(there, len(keys))

        def done(i: int, value: tuple[Any, ...]) -> None:
            nonlocal there
            self.store[keys[missing[i]]] = value
            there += 1
            self.progress(there, len(keys))

        if missing:
            ask([self.asked[i] for i in missing], done)
        return [self.store[key] for key in keys]


def _key(what: str, *content: Any) -> str:
    """The same question, asked in the same way, has the same key."""
    return hashlib.sha256(json.dumps([what, *content]).encode()).hexdigest()[:24]
