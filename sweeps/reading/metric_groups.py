"""What each metric is measured on: groups of metrics that mean something else together."""

from trainables.evaluation.metric_names import BENCHMARK_OF, METRICS, REWARD, UNSEEN

# metrics by what they are measured on; a benchmark's, and costs, are groups of their own
GROUPS: dict[str, str] = {
    **dict.fromkeys(("val_loss", "perplexity", "bits_per_byte"), "loss"),
    **dict.fromkeys(("rouge1", "rouge2", "rougeL", "bleu", "bertscore_f1"), "text"),
    **dict.fromkeys(("pairwise_accuracy", "pairwise_ece", "pairwise_brier"), "pairs"),
    **dict.fromkeys(("reward", "kl", "answer_tokens", "truncated"), "sampled"),
    **dict.fromkeys(("gpu_peak_gb", "minutes"), "cost"),
    **{name: UNSEEN for name, metric in METRICS.items() if UNSEEN in metric.families},
    "train_loss": "train",
    **dict.fromkeys(BENCHMARK_OF, "benchmark"),
}
OF_ROWS = ("loss", "text", "pairs", "sampled", "train")  # groups measured on rows of `data`
MEASURED = ("loss", "text", "pairs", "sampled", UNSEEN, "benchmark")  # all but costs and training


def group_of(metric: str) -> str:
    """What a metric is measured on; "" of one that no trial reports."""
    own = metric.removeprefix(REWARD)
    return GROUPS.get(metric, "sampled" if own not in ("", metric) else "")
