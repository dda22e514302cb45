"""What both sides of the comparison on the toy task share: settings tried, seeds, what is kept.

Every learning rate is tried with every number of minibatches on the search's seeds; the setting
with the highest mean reward over all updates then runs with five other seeds. So both sides have
the same budget. Needs nothing of medsweep.
"""

import json
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.toy_task import ANSWER_TOKENS, OPTIMUM

JSON = dict[str, Any]
FIXED: JSON = {
    "batch": 160,  # answers an update
    "num_ppo_epochs": 4,
    "kl_coef": 0.03,
    "gamma": 1.0,
    "lam": 0.95,
    "cliprange": 0.2,
    "cliprange_value": 0.2,
    "vf_coef": 0.5,
    "temperature": 1.0,
    "response_length": ANSWER_TOKENS,
    "lora": {"r": 8, "lora_alpha": 16, "target_modules": "all-linear"},
    "updates": 200,
}
LEARNING_RATES = (3e-4, 1e-3, 3e-3)
MINIBATCHES = (1, 4)
SEARCH_SEEDS = (100, 101)
SEEDS = (0, 1, 2, 3, 4)
LAST = 10  # updates over which the reward at the end is averaged
# (setting, seeds) -> by seed the mean true reward of each update
Run = Callable[[JSON, Sequence[int]], dict[int, list[float]]]


def searched(run: Run, chosen: Sequence[int] | None = None) -> list[JSON]:
    """A row a setting; only those at the places `chosen`, where given."""
    settings = [
        {**FIXED, "learning_rate": rate, "num_mini_batches": parts}
        for rate, parts in product(LEARNING_RATES, MINIBATCHES)
    ]
    places = range(len(settings)) if chosen is None else chosen
    return [tried(run, settings[place], SEARCH_SEEDS) for place in places]


def tried(run: Run, setting: JSON, seeds: Sequence[int]) -> JSON:
    """A setting's curves and what is read from them."""
    began = time.perf_counter()
    curves = run(setting, seeds)
    taken = time.perf_counter() - began
    row = {
        "setting": setting,
        "mean": statistics.mean(statistics.mean(curve) for curve in curves.values()),
        "at_the_end": {seed: at_the_end(curve) for seed, curve in curves.items()},
        "updates_to_95": {seed: updates_to(0.95, curve) for seed, curve in curves.items()},
        "seconds_a_run": round(taken / len(curves), 2),
        "curves": {seed: [round(x, 4) for x in curve] for seed, curve in curves.items()},
    }
    shown = {k: row[k] for k in ("mean", "at_the_end", "updates_to_95", "seconds_a_run")}
    print(setting["learning_rate"], setting["num_mini_batches"], shown, flush=True)
    return row


def at_the_end(curve: Sequence[float]) -> float:
    """Mean reward of the last updates, over the optimum."""
    return statistics.mean(curve[-LAST:]) / OPTIMUM


def updates_to(share: float, curve: Sequence[float]) -> int | None:
    """Updates until the mean of LAST of them first is that share of the optimum; None: never."""
    means = (statistics.mean(curve[n - LAST : n]) for n in range(LAST, len(curve) + 1))
    return next((n for n, mean in enumerate(means, LAST) if mean >= share * OPTIMUM), None)


def best(rows: Sequence[JSON]) -> JSON:
    """The setting with the highest mean reward over all updates: the fastest and surest."""
    setting: JSON = max(rows, key=lambda row: row["mean"])["setting"]
    return setting


def write(path: Path, about: JSON, search: Sequence[JSON], final: JSON) -> None:
    """The results file; of the search only what was chosen by."""
    tries = [{k: v for k, v in row.items() if k != "curves"} for row in search]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**about, "search": tries, "final": final}) + "\n")
