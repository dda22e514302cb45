"""Fields of an entry of `evaluation.benchmarks` that have no effect."""

from collections.abc import Callable

from sweeps.reading.effects.rule import EffectRule, Look, never
from trainables.evaluation.benchmarks.measures import MEASURES
from trainables.evaluation.benchmarks.registry import BENCHMARKS


def _needs(*ways: str) -> Callable[[Look], bool]:
    """Whether no measure of the benchmark is made in one of these ways."""

    def idle(look: Look) -> bool:
        (name,), (measures,) = look("name") or [None], look("measures") or [None]
        return not any(MEASURES[m].needs in ways for m in measures or BENCHMARKS[name].default)

    return idle


def _one_answer(look: Look) -> bool:
    return _needs("generation", "samples")(look) or never(look, "samples", lambda n: n > 1)


def _nothing_drawn(look: Look) -> bool:
    drawn = never(look, "limit", bool) and never(look, "few_shot", bool)
    return drawn and _one_answer(look)


# below an entry of `evaluation.benchmarks`
BENCHMARK_RULES = (
    EffectRule(
        "BenchmarkConfig.letters",
        "letters",
        _needs("likelihood"),
        "is how options are scored, and no measure scores them",
        "Remove it, or measure `accuracy`",
    ),
    *(
        EffectRule(
            f"BenchmarkConfig.{name}",
            name,
            _needs("generation", "samples"),
            "is of written answers, and no measure needs any",
            "Remove it, or name a measure of written answers",
        )
        for name in ("samples", "max_new_tokens")
    ),
    EffectRule(
        "BenchmarkConfig.temperature",
        "temperature",
        _one_answer,
        "is of sampled answers, and one answer is greedy",
        "Remove it, or write samples: 2 or more",
    ),
    EffectRule(
        "BenchmarkConfig.bertscore_model",
        "bertscore_model",
        lambda look: never(look, "measures", lambda names: "bertscore_f1" in (names or ())),
        "is of the measure bertscore_f1, which is not asked",
        "Remove it, or add bertscore_f1 to measures",
    ),
    EffectRule(
        "BenchmarkConfig.seed",
        "seed",
        _nothing_drawn,
        "is of what is drawn, and nothing is",
        "Remove it, or set limit, few_shot or samples",
    ),
)
