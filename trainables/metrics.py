"""The names that trials report, with their direction. The one place to add a metric's name."""

from typing import Literal, NamedTuple

Mode = Literal["min", "max"]


class Metric(NamedTuple):
    """What a metric's name means."""

    mode: Mode  # the better direction
    unit: str
    families: tuple[str, ...]  # families of `evaluation.metrics` that report it; () is always
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
    "gpu_peak_gb": Metric("min", "GB (1e9 bytes)", (), "GPU (GB)"),
    "minutes": Metric("min", "min", (), "Time (min)"),
}


def reported(families: tuple[str, ...]) -> tuple[str, ...]:
    """The metrics that a trial with these `evaluation.metrics` reports, in table order."""
    return tuple(
        name for name, m in METRICS.items() if not m.families or set(m.families) & set(families)
    )
