"""Benchmarks of several trials, asked in the same calls."""

import time
from typing import NamedTuple

from trainables.evaluation.benchmarks.answerer import Candidate, LocalModel
from trainables.evaluation.benchmarks.in_trial import Benchmarked, benchmarked
from trainables.evaluation.benchmarks.measuring import Store, ask
from trainables.packing.pack import Pack
from trainables.packing.trial import NamedTrials, PackedTrial


class MeasuredBenchmarks(NamedTuple):
    """A trial's benchmarks, and its share of the seconds that they took."""

    found: Benchmarked
    seconds: float


def packed_benchmarks(pack: Pack, over: NamedTrials[PackedTrial]) -> dict[str, MeasuredBenchmarks]:
    """By the trials' names; a trial that cannot be asked or measured ends and is not among them."""
    store: Store = {}
    seconds = _asked(pack, over, store)
    if seconds is None:  # whose fault it is shows where each is alone
        apart: dict[str, MeasuredBenchmarks] = {}
        for one in over if len(over) > 1 else ():
            apart.update(packed_benchmarks(pack, [one]))
        return apart
    measured = {}
    for number, (name, trial) in enumerate(over):
        with pack.own(name):
            begun = time.monotonic()
            found = benchmarked(trial.context.prepared.benchmarks, store, number)
            measured[name] = MeasuredBenchmarks(found, seconds[name] + time.monotonic() - begun)
    return measured


def _asked(pack: Pack, over: NamedTrials[PackedTrial], store: Store) -> dict[str, float] | None:
    """Fill the store: the trials' seconds. None where that failed: a trial by itself then ends."""
    candidates = [Candidate(t.config.data.system_prompt, t.adapter, name) for name, t in over]
    budget = min(trial.config.evaluation.max_batch_tokens for _, trial in over)
    model = LocalModel(pack.base.model, pack.base.tokenizer, candidates, budget)
    try:
        with pack.timed(candidates) as seconds:
            ask(model, [trial.context.prepared.benchmarks for _, trial in over], store)
    except Exception as error:
        if len(over) == 1:
            pack.end(over[0][0], error)
        return None
    return seconds
