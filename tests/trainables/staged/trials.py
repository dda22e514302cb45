"""Tiny staged trials for tests: two or three stages of a few steps on the toy model."""

from typing import Any

from tests.trainables.sft.trials import DEFAULTS, essence, pairs, token_rows_of, toy_tokenizer
from trainables.context import ListContext, Report
from trainables.data.prepared import Prepared
from trainables.saved import Checkpoint, TrialStopped
from trainables.staged.config import StagedConfig
from trainables.staged.data import together

NAMES = ("letters", "numbers", "words")


def staged(count: int = 2, training: dict[str, Any] | None = None, **more: Any) -> StagedConfig:
    """`count` stages with the same training, but for their seeds."""
    own = {**DEFAULTS["training"], "per_device_train_batch_size": 3, **(training or {})}
    stages = [
        {"name": name, "data": DEFAULTS["data"], "training": {**own, "seed": number}}
        for number, name in enumerate(NAMES[:count], 7)
    ]
    shared = {name: {**DEFAULTS[name], **more.get(name, {})} for name in ("lora", "evaluation")}
    content = {"kind": "staged", "model": DEFAULTS["model"], **shared, "stages": stages}
    return StagedConfig.model_validate(content)


def stage_rows(number: int) -> Prepared:
    """A stage's own 9 + number training and 4 validation rows."""
    tokenizer, first = toy_tokenizer(), 1000 * number
    report = {"dropped": {}, "kept": {}, "tokens": {}}
    train = token_rows_of(pairs(first, 9 + number), tokenizer)
    held = token_rows_of(pairs(first + 500, 4), tokenizer)
    return Prepared(f"rows-{number}", train, held, report)


def prepared(count: int = 2) -> Prepared:
    """The data of a trial of `staged(count)`."""
    return together(NAMES[:count], [stage_rows(number) for number in range(count)])


def run(
    trial: StagedConfig,
    checkpoint: Checkpoint | None = None,
    stop_after: int | None = None,
    data: Prepared | None = None,
) -> list[Report]:
    """The reports of one trial, in this process; it may be stopped after some of them."""
    from trainables.staged.train import train

    context = ListContext(data or prepared(len(trial.stages)), checkpoint, stop_after)
    try:
        train(trial, context)
    except TrialStopped:
        assert stop_after is not None
    return context.reports


def timeless(report: Report) -> dict[str, Any]:
    """All of a report that must not depend on how often a trial was interrupted."""
    return _without_clocks(essence(report))


def _without_clocks(content: Any) -> Any:
    if isinstance(content, list | tuple):
        return [_without_clocks(inner) for inner in content]
    if not isinstance(content, dict):
        return content
    clocks = {"seconds", "minutes", "elapsed", "training", "evaluating"}
    return {k: _without_clocks(v) for k, v in content.items() if k not in clocks}
