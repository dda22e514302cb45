"""Multiple choice by log-likelihood: items a second, medsweep against lm-evaluation-harness.

Both score the same options after the same prompts with the same model object in one process; rounds
alternate, the best of each counts, and lm-evaluation-harness gets the best of several batch sizes.
Prompts are the benchmark's own, as `medsweep evaluate` renders them: `letter and text` scores
" B. Metformin", `letter` scores " B".

    pip install 'medsweep[harness]'
    python -m benchmarks.multiple_choice --data DIR --limit 100 --json FILE
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.output import command, device, write
from benchmarks.shapes import SMOLLM2
from trainables.data.chat_format import chat_format, render
from trainables.evaluation.benchmarks.config import BenchmarkConfig
from trainables.evaluation.benchmarks.items import load, questions
from trainables.evaluation.choices import log_likelihoods
from trainables.evaluation.encoding import encoded
from trainables.models.config import ModelConfig
from trainables.models.load import Base, device_now, load_base

BATCH_SIZES = (1, 8, 32)
ROUNDS = 2


class Prompt(NamedTuple):
    """What both see: a text and what may follow it."""

    text: str
    options: tuple[str, ...]


def prompts(base: Base, name: str, data: Path, limit: int, letters: bool) -> list[Prompt]:
    """The benchmark's questions in the model's chat format."""
    config = BenchmarkConfig(name=name, limit=limit, letters=letters)
    chat = chat_format(base.tokenizer, None)
    found = []
    for question in questions(load(config, data)):
        prompt, _ = render(base.tokenizer, chat, question.text, question.options[0])
        found.append(Prompt(prompt, question.options))
    return found


def ours(base: Base, asked: list[Prompt], budget: int) -> list[list[float]]:
    """Tokenising included, as it is for the harness."""
    asks = [encoded(base.tokenizer, p.text, p.options) for p in asked]
    return log_likelihoods(base.model, asks, budget)


def theirs(base: Base, asked: list[Prompt], batch_size: int) -> list[list[float]]:
    """lm-evaluation-harness's HFLM on the same model object."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    lm = HFLM(
        pretrained=base.model,
        tokenizer=base.tokenizer,
        batch_size=batch_size,
        device=str(base.model.device),
    )
    pairs = [(p.text, option) for p in asked for option in p.options]
    requests = [Instance("loglikelihood", {}, pair, i) for i, pair in enumerate(pairs)]
    values = iter(lm.loglikelihood(requests, disable_tqdm=True))
    return [[next(values)[0] for _ in p.options] for p in asked]


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time of a call, and what it gave."""
    begun = time.monotonic()
    found = work()
    return time.monotonic() - begun, found


def largest_difference(ours: list[list[float]], theirs: list[list[float]]) -> float:
    """In nats, over all options."""
    return max(
        abs(a - b)
        for own, other in zip(ours, theirs, strict=True)
        for a, b in zip(own, other, strict=True)
    )


def compare(base: Base, asked: list[Prompt], budget: int) -> dict[str, Any]:
    """Items a second of both, and the largest difference of a log-likelihood in nats."""
    ours(base, asked[:4], budget)
    theirs(base, asked[:4], 1)
    own: list[float] = []
    other: dict[int, list[float]] = {size: [] for size in BATCH_SIZES}
    difference = 0.0
    for _ in range(ROUNDS):
        took, values = seconds(lambda: ours(base, asked, budget))
        own.append(took)
        for size in BATCH_SIZES:
            took, reference = seconds(lambda size=size: theirs(base, asked, size))
            other[size].append(took)
            difference = max(difference, largest_difference(values, reference))
    best = min(BATCH_SIZES, key=lambda size: min(other[size]))
    return {
        "medsweep_items_per_second": len(asked) / min(own),
        "harness_items_per_second": len(asked) / min(other[best]),
        "harness_batch_size": best,
        "times_faster": min(other[best]) / min(own),
        "largest_difference_nats": difference,
        "seconds": {"medsweep": own, "harness": other},
    }


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = command(__doc__)
    parser.add_argument("--model", default=SMOLLM2)
    parser.add_argument("--dtype", default="auto")
    parser.add_argument("--data", type=Path, required=True, help="as for `medsweep evaluate`")
    parser.add_argument("--benchmarks", default="medmcqa,pubmedqa")
    parser.add_argument("--limit", type=int, default=100)
    parser.add_argument("--budget", type=int, default=4096, help="tokens of one of our calls")
    asked = parser.parse_args()
    base = load_base(ModelConfig(name_or_path=asked.model, dtype=asked.dtype), device_now())
    rows = []
    for name in asked.benchmarks.split(","):
        for letters in (False, True):
            if letters and name == "pubmedqa":
                continue  # its options are words
            wanted = prompts(base, name, asked.data, asked.limit, letters)
            found = compare(base, wanted, asked.budget)
            rows.append({"benchmark": name, "options": "letter" if letters else "text", **found})
            print(_row(rows[-1]), flush=True)
    about = {"model": asked.model, "dtype": str(base.dtype), "limit": asked.limit}
    write(asked.json, {"device": device(), **about, "rows": rows})


def _row(row: dict[str, Any]) -> str:
    return (
        f"{row['benchmark']:10} {row['options']:7} medsweep {row['medsweep_items_per_second']:6.2f}"
        f"  lm_eval {row['harness_items_per_second']:6.2f} items/s (batch"
        f" {row['harness_batch_size']}): {row['times_faster']:.2f}x,"
        f" difference {row['largest_difference_nats']:.2g} nats"
    )


if __name__ == "__main__":
    main()
