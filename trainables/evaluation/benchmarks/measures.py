"""What is measured of a benchmark: add a measure by adding one entry here. Imports no torch.

Each takes the answered items of a benchmark and gives a value with its 95% interval, or None where
no item can be measured. Clinical measures come from their own registry, evaluation/clinical.py.
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

from trainables.evaluation.benchmarks.answered import AnsweredItem
from trainables.evaluation.bertscore import DEFAULT_ENCODER
from trainables.evaluation.classification import macro_f1
from trainables.evaluation.clinical import CLINICAL, ClinicalMeasure, summary
from trainables.evaluation.measured import Measured, Mode, bootstrapped, mean, share
from trainables.evaluation.overlap import exact_match, token_f1
from trainables.evaluation.probability_calibration import (
    area_under_risk_coverage,
    brier,
    calibration_interval,
    confidences,
    expected_calibration_error,
)

_SHARE = "0..1"
Needs = Literal["likelihood", "generation", "samples"]
AnsweredItems = Sequence[AnsweredItem]


class Measure(NamedTuple):
    """A measure's direction, unit, what the model must do for it, and its function; `of_all`: a
    number of all items at once, where others are means of a number an item."""

    mode: Mode
    unit: str
    needs: Needs
    title: str
    of: Callable[[AnsweredItems], Measured | None]
    of_all: bool = False


def known(answers: AnsweredItems) -> list[AnsweredItem]:
    """Those whose right option is published."""
    return [a for a in answers if a.item.gold is not None]


def accuracy(answers: AnsweredItems) -> Measured | None:
    """Share of items whose likeliest option is right, 0..1; lm-evaluation-harness's acc."""
    return share(a.likeliest == a.item.gold for a in known(answers))


def accuracy_norm(answers: AnsweredItems) -> Measured | None:
    """The same by log-likelihood a byte, 0..1; lm-evaluation-harness's acc_bytes (acc_norm)."""
    return share(a.likeliest_per_byte == a.item.gold for a in known(answers))


def accuracy_token(answers: AnsweredItems) -> Measured | None:
    """The same by log-likelihood a token, 0..1."""
    return share(a.likeliest_per_token == a.item.gold for a in known(answers))


def likelihood_macro_f1(answers: AnsweredItems) -> Measured | None:
    """Macro-F1 over the options' words, by likelihood, 0..1."""
    pairs: list[PredictedAndGold] = [
        (_name(a, a.likeliest), _name(a, a.item.gold)) for a in known(answers)
    ]
    return bootstrapped(pairs, _macro_f1)


def ece(answers: AnsweredItems) -> Measured | None:
    """Expected calibration error of the likeliest option's probability, 0..1, 10 bins."""
    return _calibration_error(_scored(answers))


def brier_score(answers: AnsweredItems) -> Measured | None:
    """Multiclass Brier score of the options' probabilities, 0..2."""
    found = known(answers)
    return mean(brier([a.probabilities for a in found], [a.item.gold or 0 for a in found]))


def aurc(answers: AnsweredItems) -> Measured | None:
    """Area under the risk-coverage curve by the likeliest option's probability, 0..1."""
    return bootstrapped(_scored(answers), area_under_risk_coverage)


def generated_accuracy(answers: AnsweredItems) -> Measured | None:
    """Share of items whose generated answer chose the right option, 0..1; one that chose none is
    wrong. With several samples, the majority's option."""
    return share(a.vote.option == a.item.gold for a in known(answers))


def generated_macro_f1(answers: AnsweredItems) -> Measured | None:
    """Macro-F1 of the generated decisions, 0..1; no decision is a miss."""
    pairs: list[PredictedAndGold] = [
        (_name(a, a.vote.option), _name(a, a.item.gold)) for a in known(answers)
    ]
    return bootstrapped(pairs, _macro_f1)


def unanswered(answers: AnsweredItems) -> Measured | None:
    """Share of items whose generated answer chose no option, 0..1."""
    return share(a.vote.option is None for a in answers)


def agreement(answers: AnsweredItems) -> Measured | None:
    """Mean share of samples that chose the majority's option, 0..1."""
    return mean(a.vote.agreement for a in answers)


def agreement_ece(answers: AnsweredItems) -> Measured | None:
    """Expected calibration error of the agreement as confidence in the majority, 0..1."""
    scored = [(a.vote.agreement, a.vote.option == a.item.gold) for a in known(answers)]
    return _calibration_error(scored)


def exact(answers: AnsweredItems) -> Measured | None:
    """Share of answers equal to a reference after SQuAD's normalisation, 0..1; of a closed question
    the answer's conclusion counts, and the right option's words are a reference."""
    return share(exact_match(a.concluded, a.accepted) for a in answers)


def word_f1(answers: AnsweredItems) -> Measured | None:
    """Mean F1 of words shared with the closest reference, 0..1, SQuAD's normalisation."""
    return mean(token_f1(a.text, a.references) for a in answers)


def rouge_l(answers: AnsweredItems) -> Measured | None:
    """Mean ROUGE-L F1 with the first reference, 0..1."""
    from trainables.evaluation.rouge import rouge

    return mean(rouge([a.text], [a.references[0]])["rougeL"] for a in answers)


def bert_score(answers: AnsweredItems, encoder: str = DEFAULT_ENCODER) -> Measured | None:
    """Mean BERTScore F1 with the first reference; see evaluation/bertscore.py."""
    return mean(bert_score_each(answers, encoder))


def bert_score_each(answers: AnsweredItems, encoder: str) -> list[float]:
    """(n,) that of each item."""
    from trainables.evaluation.bertscore import bertscore_each

    texts, references = [a.text for a in answers], [a.references[0] for a in answers]
    return bertscore_each(texts, references, encoder)


def of_text(about: ClinicalMeasure) -> Measure:
    """A measure of generated text by itself."""

    def of(answers: AnsweredItems) -> Measured | None:
        if not answers:
            return None
        return summary(about.per_item([a.text for a in answers], [a.item for a in answers]))

    return Measure(about.mode, _SHARE, "generation", about.title, of)


MEASURES: dict[str, Measure] = {
    "accuracy": Measure("max", _SHARE, "likelihood", "Accuracy", accuracy),
    "accuracy_norm": Measure("max", _SHARE, "likelihood", "Accuracy/byte", accuracy_norm),
    "accuracy_token": Measure("max", _SHARE, "likelihood", "Accuracy/token", accuracy_token),
    "macro_f1": Measure("max", _SHARE, "likelihood", "Macro-F1", likelihood_macro_f1, True),
    "ece": Measure("min", _SHARE, "likelihood", "ECE", ece, True),
    "brier": Measure("min", "0..2", "likelihood", "Brier", brier_score),
    "aurc": Measure("min", _SHARE, "likelihood", "AURC", aurc, True),
    "generated_accuracy": Measure(
        "max", _SHARE, "generation", "Generated Accuracy", generated_accuracy
    ),
    "generated_macro_f1": Measure(
        "max", _SHARE, "generation", "Generated Macro-F1", generated_macro_f1, True
    ),
    "unanswered": Measure("min", _SHARE, "generation", "Unanswered", unanswered),
    "agreement": Measure("max", _SHARE, "samples", "Agreement", agreement),
    "agreement_ece": Measure("min", _SHARE, "samples", "Agreement ECE", agreement_ece, True),
    "exact_match": Measure("max", _SHARE, "generation", "Exact Match", exact),
    "token_f1": Measure("max", _SHARE, "generation", "Token F1", word_f1),
    "rougeL": Measure("max", _SHARE, "generation", "ROUGE-L", rouge_l),
    "bertscore_f1": Measure("max", "-1..1", "generation", "BERTScore F1", bert_score),
    **{name: of_text(about) for name, about in CLINICAL.items()},
}
CHOICE = ("accuracy", "accuracy_norm", "accuracy_token", "ece", "brier", "aurc")
GENERATED_CHOICE = (
    *("generated_accuracy", "unanswered", "agreement", "agreement_ece"),
    *("supported_steps", "conclusion_agreement", "ungrounded_terms"),
)
GENERATED = ("generated_accuracy", "generated_macro_f1", "unanswered")
REASONING = ("supported_steps", "conclusion_agreement")
REFUSALS = ("refused", "over_refusal", "declined")
ANSWERS = tuple(name for name in CLINICAL if name not in {*REFUSALS, *REASONING})
TEXT = ("exact_match", "token_f1", "rougeL", "bertscore_f1", *ANSWERS)

PredictedAndGold = tuple[str | None, str]


def _scored(answers: AnsweredItems) -> list[tuple[float, bool]]:
    found = known(answers)
    return confidences([a.probabilities for a in found], [a.item.gold or 0 for a in found])


def _calibration_error(scored: Sequence[tuple[float, bool]]) -> Measured | None:
    if not scored:
        return None
    ends = calibration_interval(scored)
    return Measured(expected_calibration_error(scored), ends, len(scored))


def _name(answer: AnsweredItem, option: int | None) -> str:
    """An option's words; "" for none, which is no class of any benchmark."""
    return "" if option is None else answer.item.options[option]


def _macro_f1(pairs: Sequence[PredictedAndGold]) -> float:
    return macro_f1([said or None for said, _ in pairs], [gold for _, gold in pairs])
