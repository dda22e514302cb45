"""Tiny trials for tests: rows, configurations, runs and resumes on the toy model."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from trainables.context import ListContext, Report
from trainables.data.chat_format import encode_many
from trainables.data.prepared import Prepared
from trainables.data.rows import Row
from trainables.data.token_rows import TokenRows, token_rows
from trainables.models import load as loading
from trainables.models.config import ModelConfig
from trainables.models.resolve import resolve
from trainables.models.tokenizer import load_tokenizer
from trainables.saved import Checkpoint, TrialStopped
from trainables.sft.config import SFTConfig

TOY = ModelConfig(name_or_path="toy:llama", dtype="float32")
DEFAULTS: dict[str, dict[str, Any]] = {
    "model": {"name_or_path": "toy:llama", "dtype": "float32"},
    "data": {"source": "toy:drugs", "system_prompt": None},
    "lora": {"r": 4, "target_modules": ["q_proj", "v_proj"]},
    "training": {
        "learning_rate": 5e-3,
        "per_device_train_batch_size": 2,
        "max_length": 96,
        "num_train_epochs": 2,
    },
    "evaluation": {"limit": 2, "max_new_tokens": 4, "every_epochs": 0.25},
}


def toy_tokenizer() -> Any:
    """The toy model's tokenizer."""
    return load_tokenizer(resolve(TOY))


def token_rows_of(pairs: list[tuple[str, str]], tokenizer: Any) -> TokenRows:
    """(question, answer) pairs as the model of `tokenizer` sees them, no system prompt."""
    rows = [Row(str(i), str(i), question, answer) for i, (question, answer) in enumerate(pairs)]
    encoded = [item for item in encode_many(tokenizer, pairs, None, 96) if item is not None]
    assert len(encoded) == len(rows)
    return token_rows(rows, encoded)


def pairs(first: int, count: int) -> list[tuple[str, str]]:
    """Questions and answers of different lengths."""
    return [
        (f"Code of case {i}?" + " Now?" * (i % 3), f"Code {'ABC'[i % 3] * (2 + i % 4)}{i}.")
        for i in range(first, first + count)
    ]


def prepared(tokenizer: Any = None, train: int = 11, validation: int = 5) -> Prepared:
    """11 training and 5 validation rows."""
    tokenizer = tokenizer or toy_tokenizer()
    return Prepared(
        "test",
        token_rows_of(pairs(0, train), tokenizer),
        token_rows_of(pairs(100, validation), tokenizer),
        {},
    )


def config(**sections: dict[str, Any]) -> SFTConfig:
    """A complete configuration: DEFAULTS with fields of some sections replaced."""
    merged = {name: {**fields, **sections.get(name, {})} for name, fields in DEFAULTS.items()}
    return SFTConfig.model_validate(merged)


def run(
    trial: SFTConfig,
    checkpoint: Checkpoint | None = None,
    stop_after: int | None = None,
    data: Prepared | None = None,
) -> list[Report]:
    """The reports of one trial, in this process; it may be stopped after some of them."""
    from trainables.sft.train import train

    return run_with(train, trial, data or prepared(), checkpoint, stop_after)


def run_with(
    train: Callable[[Any, ListContext], None],
    trial: Any,
    data: Prepared,
    checkpoint: Checkpoint | None,
    stop_after: int | None,
) -> list[Report]:
    """The reports of one trial of any kind, in this process; stopped after some where told to."""
    context = ListContext(data, checkpoint, stop_after)
    try:
        train(trial, context)
    except TrialStopped:
        assert stop_after is not None
    return context.reports


def assert_resumes(run: Callable[..., list[Report]], trial: Any, steps: int) -> None:
    """A trial continued from any of its checkpoints, three at least, is the uninterrupted one."""
    loading._warm.clear()
    whole = run(trial)
    assert whole[-1].step == whole[-1].planned_steps == steps
    saved = checkpoints(whole)
    assert len(saved) >= 3
    for number, checkpoint in saved.items():
        resumed = run(trial, checkpoint)
        assert [essence(r) for r in resumed] == [essence(r) for r in whole[number + 1 :]]


def checkpoints(reports: list[Report]) -> dict[int, Checkpoint]:
    """Report number → its checkpoint as a ledger would give it back: JSON state, best adapter."""
    found: dict[int, Checkpoint] = {}
    best = None
    for number, report in enumerate(reports):
        best = report.adapter.weights if report.adapter else best
        if report.checkpoint:
            state = json.loads(json.dumps(report.checkpoint.state))
            found[number] = replace(report.checkpoint, state=state, best_adapter=best)
    return found


def essence(report: Report) -> dict[str, Any]:
    """All of a report that must not depend on how often a trial was interrupted."""
    state = dict(report.checkpoint.state) if report.checkpoint else {}
    for clock in ("seconds", "training", "evaluating"):
        state.pop(clock, None)
    return {
        "step": report.step,
        "planned_steps": report.planned_steps,
        "metrics": {k: v for k, v in report.metrics.items() if k != "minutes"},
        "rung": report.rung,
        "state": state,
        "weights": report.checkpoint and report.checkpoint.adapter,
        "moments": report.checkpoint and report.checkpoint.optimizer,
        "best": report.adapter,
        "predictions": report.predictions,
        "rows": report.rows,
        "final": report.final,
        "facts": {k: v for k, v in report.facts.items() if k != "seconds"},
    }
