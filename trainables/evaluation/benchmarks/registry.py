"""The benchmarks: add one by adding one entry here. Imports no torch."""

from typing import NamedTuple

from trainables.data.config import FormatName
from trainables.evaluation.benchmarks.measures import CHOICE, GENERATED_CHOICE, TEXT


class Benchmark(NamedTuple):
    """A published set of questions and how it is measured.

    `format` is a key of FORMATS (None: the embedded HPO has none), which also holds its citation,
    its licence, its place on the hub and the split that results are published on. `folder` is its
    name under `--data DIR`. `measures` are all that can be measured of it, `default` those measured
    where none is named.
    """

    title: str
    format: FormatName | None
    folder: str
    measures: tuple[str, ...]
    default: tuple[str, ...]
    source: str | None = None  # where its format is published elsewhere, or in several places
    subset: str | None = None
    split: str | None = None  # None: the format's own
    least_score: float | None = None  # of the experts, for an answer to serve as reference
    shots: str | None = "train"  # the split that few-shot examples come from; None: there is none


DECISIONS = (*CHOICE, "macro_f1", *GENERATED_CHOICE, "generated_macro_f1")
DECIDED = ("accuracy", "macro_f1", "ece", "brier", "aurc")
CHOSEN = ("accuracy", "accuracy_norm", "ece", "brier", "aurc")
SPANS = ("exact_match", "token_f1")
LONG = ("rougeL", "token_f1")

BENCHMARKS: dict[str, Benchmark] = {
    "pubmedqa": Benchmark("PubMedQA", "pubmedqa", "pubmedqa", DECISIONS, DECIDED),
    "medqa": Benchmark("MedQA", "medqa", "medqa", (*CHOICE, *GENERATED_CHOICE), CHOSEN),
    "medmcqa": Benchmark("MedMCQA", "medmcqa", "medmcqa", (*CHOICE, *GENERATED_CHOICE), CHOSEN),
    "mmlu_medical": Benchmark(
        "MMLU medical", "mmlu", "mmlu_med", (*CHOICE, *GENERATED_CHOICE), CHOSEN, shots="dev"
    ),
    "medquad": Benchmark("MedQuAD", "medquad", "medquad", TEXT, LONG, shots=None),
    "covidqa": Benchmark("COVID-QA", "squad", "covidqa", TEXT, SPANS, shots=None),
    "radqa": Benchmark("RadQA", "squad", "radqa", TEXT, SPANS, split="test"),
    "liveqa": Benchmark(  # 3: correct but incomplete, 4: correct and complete
        "LiveQA", "liveqa", "medquad", TEXT, LONG, least_score=3, shots=None
    ),
    "medsafetybench": Benchmark(
        "MedSafetyBench",
        "medsafetybench",
        "med_safety_bench",
        (*TEXT, "refused"),
        ("refused",),
    ),
    "medec": Benchmark("MEDEC", "medec", "medec", DECISIONS, DECIDED),
    "hpo_definitions": Benchmark(
        "HPO definitions", None, "", TEXT, LONG, source="hpo:definitions", shots=None
    ),
    "hpo_multiple_choice": Benchmark(
        "HPO multiple choice",
        None,
        "",
        (*CHOICE, *GENERATED_CHOICE),
        CHOSEN,
        source="hpo:multiple_choice",
        shots=None,
    ),
}
