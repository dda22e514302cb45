"""The names that trials report, with their direction. The one place to add a metric's name; those
of benchmarks follow from their registry."""

from typing import NamedTuple

from trainables.evaluation.benchmarks.measures import MEASURES
from trainables.evaluation.benchmarks.registry import BENCHMARKS
from trainables.evaluation.measured import Mode


class Metric(NamedTuple):
    """What a metric's name means."""

    mode: Mode  # the better direction
    unit: str
    # families of `evaluation.metrics` that report it; () is always; a benchmark's is its own name
    families: tuple[str, ...]
    title: str


METRICS: dict[str, Metric] = {
    "train_loss": Metric("min", "nats/token", (), "Train Loss"),
    "val_loss": Metric("min", "nats/token", (), "Val Loss"),
    "perplexity": Metric("min", "1", ("perplexity",), "Perplexity"),
    "bits_per_byte": Metric("min", "bits/byte", (), "Bits/Byte"),
    "rouge1": Metric("max", "0..1", ("rouge",), "ROUGE-1"),
    "rouge2": Metric("max", "0..1", ("rouge",), "ROUGE-2"),
    "rougeL": Metric("max", "0..1", ("rouge",), "ROUGE-L"),
    "bleu": Metric("max", "0..1", ("bleu",), "BLEU"),
    "bertscore_f1": Metric("max", "-1..1", ("bertscore",), "BERTScore F1"),
    "gpu_peak_gb": Metric("min", "GB (1e9 bytes)", (), "GPU (GB)"),
    "minutes": Metric("min", "min", (), "Time (min)"),
}

BENCHMARK_OF = {f"{b}_{m}": b for b, about in BENCHMARKS.items() for m in about.measures}
METRICS |= {
    f"{b}_{m}": Metric(
        MEASURES[m].mode, MEASURES[m].unit, (f"{b}_{m}",), f"{about.title} {MEASURES[m].title}"
    )
    for b, about in BENCHMARKS.items()
    for m in about.measures
}


def reported(families: tuple[str, ...]) -> tuple[str, ...]:
    """The metrics that a trial with these `evaluation.metrics`, and names of metrics of its
    benchmarks, reports, in table order."""
    return tuple(
        name for name, m in METRICS.items() if not m.families or set(m.families) & set(families)
    )


def how_to_measure(name: str) -> str:
    """What to add to a spec for this metric to be reported."""
    if benchmark := BENCHMARK_OF.get(name):
        measure = name.removeprefix(f"{benchmark}_")
        return f"Add {{name: {benchmark}, measures: [{measure}]}} to trial.evaluation.benchmarks"
    return f"Add {' or '.join(METRICS[name].families)} to trial.evaluation.metrics"
