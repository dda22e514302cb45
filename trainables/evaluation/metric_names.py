"""The names that trials report, with their direction. The one place to add a metric's name; those
of benchmarks follow from their registry, those of rewards from the names in `reward.weights`."""

from collections.abc import Sequence
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
    kinds: tuple[str, ...] = ()  # of trials that report it; () is all


REINFORCED = ("ppo", "grpo")  # kinds that learn from rewards of their own answers
LANGUAGE = ("sft", "dpo", *REINFORCED)  # kinds whose model writes answers
PAIRWISE = ("reward", "dpo")  # kinds that learn from pairs
UNSEEN = "unseen"  # the family of what is measured on `data.unseen`
REWARD = "reward_"  # before a reward's name: the metric of that reward alone

METRICS: dict[str, Metric] = {
    "train_loss": Metric("min", "nats/token or pair", (), "Train Loss"),
    "val_loss": Metric("min", "nats/token or pair", (), "Val Loss"),
    "perplexity": Metric("min", "1", ("perplexity",), "Perplexity", LANGUAGE),
    "bits_per_byte": Metric("min", "bits/byte", (), "Bits/Byte", LANGUAGE),
    "rouge1": Metric("max", "0..1", ("rouge",), "ROUGE-1", LANGUAGE),
    "rouge2": Metric("max", "0..1", ("rouge",), "ROUGE-2", LANGUAGE),
    "rougeL": Metric("max", "0..1", ("rouge",), "ROUGE-L", LANGUAGE),
    "bleu": Metric("max", "0..1", ("bleu",), "BLEU", LANGUAGE),
    "bertscore_f1": Metric("max", "-1..1", ("bertscore",), "BERTScore F1", LANGUAGE),
    "pairwise_accuracy": Metric("max", "0..1", (), "Pairwise Accuracy", PAIRWISE),
    "unseen_pairwise_accuracy": Metric(
        "max", "0..1", (UNSEEN,), "Unseen Pairwise Accuracy", PAIRWISE
    ),
    "pairwise_ece": Metric("min", "0..1", (), "Pairwise ECE", PAIRWISE),
    "pairwise_brier": Metric("min", "0..2", (), "Pairwise Brier", PAIRWISE),
    "reward": Metric("max", "0..1", (), "Reward", REINFORCED),
    "kl": Metric("min", "nats/answer", (), "KL", REINFORCED),
    "answer_tokens": Metric("min", "tokens", (), "Answer Tokens", REINFORCED),
    "truncated": Metric("min", "0..1", (), "Truncated", REINFORCED),
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


def metric_named(name: str) -> Metric | None:
    """What a name means; None where no trial reports it."""
    own = name.removeprefix(REWARD)
    if name in METRICS or own in ("", name):
        return METRICS.get(name)
    return Metric("max", "0..1", (), f"Reward: {own.replace('_', ' ')}", REINFORCED)


def in_table_order(names: set[str]) -> list[str]:
    """Registered metrics as they are registered, each reward after the total, others last."""
    places = {name: place for place, name in enumerate(METRICS)}
    last = len(places)
    rewards = {n: places["reward"] for n in names if n.startswith(REWARD)}
    return sorted(names, key=lambda name: (rewards.get(name, places.get(name, last)), name))


def reported(
    families: tuple[str, ...], kind: str = "sft", rewards: Sequence[str] = ()
) -> tuple[str, ...]:
    """The metrics that a trial of this kind reports, in table order: with these
    `evaluation.metrics` and names of metrics of its benchmarks, and these names of rewards."""
    found = {
        name
        for name, m in METRICS.items()
        if (not m.families or set(m.families) & set(families)) and (not m.kinds or kind in m.kinds)
    }
    return tuple(in_table_order(found | {f"{REWARD}{name}" for name in rewards}))


def how_to_measure(name: str) -> str:
    """What to add to a spec for this metric to be reported."""
    if name.startswith(REWARD):
        return f"Give {name.removeprefix(REWARD)} a weight above 0 in reward.weights"
    if UNSEEN in METRICS[name].families:
        return "Name sources that are only measured in trial.data.unseen"
    if benchmark := BENCHMARK_OF.get(name):
        measure = name.removeprefix(f"{benchmark}_")
        return f"Add {{name: {benchmark}, measures: [{measure}]}} to trial.evaluation.benchmarks"
    return f"Add {' or '.join(METRICS[name].families)} to trial.evaluation.metrics"
