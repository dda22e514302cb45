"""A benchmark's results item by item: what two models that were asked the same are compared by."""

from collections.abc import Sequence

from trainables.evaluation.benchmarks.answered import AnsweredItem
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.measures import MEASURES, bert_score_each
from trainables.evaluation.benchmarks.measuring import BenchmarkOutcome
from trainables.evaluation.row_results import RowTable, table_of

PROBABILITY = "probability"  # given to the right option, of 1 for all options


def item_table(outcome: BenchmarkOutcome) -> RowTable:
    """A row an item, a column a measure whose value is the mean over them; right (1) or wrong (0)
    and the probability of the right option always, where the model was asked for them."""
    config, answers = outcome.loaded.config, outcome.answers
    values = {name: _each(name, config, answers) for name in _measures(config, answers)}
    if any(answer.options for answer in answers):
        values[PROBABILITY] = [_probability(answer) for answer in answers]
    items = [answer.item for answer in answers]
    texts = ["\n".join([i.question, i.context, *i.options, i.answer]) for i in items]
    ids, groups = [item.id for item in items], [item.group for item in items]
    return table_of(config.name, ids, groups, texts, values)


def _measures(config: BenchmarkConfig, answers: Sequence[AnsweredItem]) -> list[str]:
    known = [a for a in answers if a.item.gold is not None]
    asked = {"accuracy": any(a.options for a in known)}
    asked |= {"generated_accuracy": any(a.texts for a in known)}
    names = [*config.measured, *(name for name, there in asked.items() if there)]
    return [name for name in dict.fromkeys(names) if not MEASURES[name].of_all]


def _each(
    name: str, config: BenchmarkConfig, answers: Sequence[AnsweredItem]
) -> Sequence[float | None]:
    if name == "bertscore_f1":  # in one batch, as where it was measured
        return bert_score_each(answers, config.bertscore_model)
    found = (MEASURES[name].of([answer]) for answer in answers)
    return [None if measured is None else measured.value for measured in found]


def _probability(answer: AnsweredItem) -> float | None:
    gold = answer.item.gold
    return None if gold is None or not answer.options else answer.probabilities[gold]
