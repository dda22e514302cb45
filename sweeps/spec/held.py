"""What a spec holds fixed in measuring all trials, while it searches how they train: in words."""

from collections.abc import Iterator

from sweeps.spec.sections import SweepSpec
from trainables.data.config import SourceConfig
from trainables.data.pairs.config import AnyData, PairSourceConfig
from trainables.training.config import SingleTrial


def held_fixed(spec: SweepSpec) -> list[str]:
    """A sentence for each field that holds the measure fixed; [] where nothing of it is searched.

    >>> trial = {"model": {"name_or_path": "toy:llama"}, "data": {"source": "toy:drugs"}}
    >>> trial["evaluation"] = {"max_length": 160}
    >>> search = {"parameters": {"training.max_length": {"values": [60, 160]}}}
    >>> spec = {"name": "x", "trial": trial, "search": search}
    >>> held_fixed(SweepSpec.model_validate(spec))[0][:40]
    'validation rows are cut at 160 tokens in'
    """
    found: list[str] = []
    staged = spec.trial.kind == "staged"
    for place, trial in enumerate(spec.trial.stage_trials):
        prefix = f"stages.{place}." if staged else ""
        measured = ((f"{prefix}{path}", what) for path, what in _evaluated(trial))
        for path, what in (*measured, *_split(trial.data, f"{prefix}data")):
            if searched := _searched(spec, path):
                found.append(f"{what}, whatever {searched} is")
    return list(dict.fromkeys(found))


def _searched(spec: SweepSpec, path: str) -> str | None:
    """The path or the section above it that is searched."""
    names = path.split(".")
    above = (".".join(names[:depth]) for depth in range(len(names), 0, -1))
    return next((found for found in above if found in spec.search.parameters), None)


def _evaluated(trial: SingleTrial) -> Iterator[tuple[str, str]]:
    """Each path of a training that `evaluation` stands in for, and what it says."""
    held = trial.evaluation
    if held.max_length is not None:
        what = f"validation rows are cut at {held.max_length} tokens in all trials"
        yield "training.max_length", f"{what} (evaluation.max_length)"
    if held.temperature is not None:
        what = f"answers are measured at temperature {held.temperature:g} in all trials"
        yield "training.temperature", f"{what} (evaluation.temperature)"
    if held.top_p is not None:
        what = f"answers are measured at top_p {held.top_p:g} in all trials"
        yield "training.top_p", f"{what} (evaluation.top_p)"
    if held.response_length is not None:
        what = f"answers of at most {held.response_length} tokens are measured in all trials"
        for name in ("response_length", "max_completion_length"):
            yield f"training.{name}", f"{what} (evaluation.response_length)"


def _split(data: AnyData, path: str) -> Iterator[tuple[str, str]]:
    members: tuple[SourceConfig | PairSourceConfig, ...] = data.mixture or ()
    parts = [(path, data.split_limit)]
    parts += [(f"{path}.mixture.{i}", part.split_limit) for i, part in enumerate(members)]
    for place, limit in parts:
        if limit is not None:
            rows = "all rows" if limit == "all" else f"{limit} rows"
            what = f"all trials are measured on the validation rows of {rows}"
            yield f"{place}.limit", f"{what} ({place}.split_limit)"
