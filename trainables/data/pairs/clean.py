"""Which pairs of a source are kept."""

from collections import Counter
from collections.abc import Sequence

from trainables.data.cleaning import faithful
from trainables.data.pairs.config import PairSourceConfig
from trainables.data.pairs.pair import PreferencePair
from trainables.errors import InputError


def clean(pairs: Sequence[PreferencePair]) -> tuple[list[PreferencePair], dict[str, int]]:
    """The pairs of two different answers that say something, each once; and how many went, by
    reason."""
    seen: set[tuple[str, ...]] = set()
    kept, dropped = [], Counter(empty=0, equal=0, exact_duplicate=0)
    for pair in map(_tidy, pairs):
        asked = (pair.question, pair.rejected_question, pair.system)
        key = (*asked, pair.chosen, pair.rejected)
        if not (pair.question.strip() and pair.chosen.strip() and pair.rejected.strip()):
            dropped["empty"] += 1
        elif pair.chosen == pair.rejected:
            dropped["equal"] += 1
        elif key in seen:
            dropped["exact_duplicate"] += 1
        else:
            seen.add(key)
            kept.append(pair)
    return kept, dict(dropped)


def refuse_benchmark(pairs: Sequence[PreferencePair], source: PairSourceConfig) -> None:
    """InputError where pairs of a benchmark's test set would be trained on, or chosen by."""
    held = sum(pair.benchmark for pair in pairs)
    if held and not source.allow_benchmark_training:
        message = (
            f"{held} of its {len(pairs)} pairs belong to a benchmark's test set: a model trained "
            "on them cannot be measured by it, nor one that is chosen by them"
        )
        fix = "Choose another hub_split, put it under data.unseen, or allow_benchmark_training."
        raise InputError("data.source", source.source, message, fix)


def _tidy(pair: PreferencePair) -> PreferencePair:
    return pair._replace(
        question=faithful(pair.question),
        rejected_question=faithful(pair.rejected_question),
        chosen=faithful(pair.chosen),
        rejected=faithful(pair.rejected),
    )
