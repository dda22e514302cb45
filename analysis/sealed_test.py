"""The chosen trial measured on the test rows, which no trial has read: `medsweep best RUN --test`.

The measure is the sweep's own (loss of every test row; texts as `evaluation` asks for them), of the
trial and of its untouched base model. `test.json` in the run folder keeps what was measured: rows
that several trials were measured on are no test any more, if one chooses by their numbers.
"""

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from analysis.chat_sessions import opened_trial
from analysis.files import RunError, read_optional
from analysis.runs import Run
from analysis.wording import metric_text, title
from sweeps.run_folder.atomic import write_text

if TYPE_CHECKING:
    from trainables.data.token_rows import TokenRows
    from trainables.evaluation.config import EvaluationConfig
    from trainables.training.config import SingleTrial

FILE = "test.json"


class Opened(NamedTuple):
    """What a trial and its untouched base model measure on the test rows."""

    trial: str
    rows: int
    test_sha256: str
    metrics: dict[str, float]
    base: dict[str, float]
    others: tuple[str, ...] = ()  # trials that were measured on these rows before


def measure_test(run: Run, trial: str) -> Opened:
    """Measure it, and write test.json. Raises RunError, InputError."""
    from trainables.data.lengths import Lengths
    from trainables.data.sealed import open_test
    from trainables.kinds import trial_config

    config = trial_config(run.find(trial).config).stage_trials[-1]
    if config.kind == "reward":
        raise RunError(
            f"{run.folder}: a reward model is measured on sources it has not seen: name them in "
            "data.unseen, and see unseen_pairwise_accuracy."
        )
    with opened_trial(run.folder, trial) as (view, pair):
        lengths = Lengths(config.training.max_length, config.evaluation.max_length)
        rows, sha256 = open_test(config.data, pair.tokenizer, lengths, _sealed(run))
        tuned, base = (_measured(config, pair, rows, adapted) for adapted in (True, False))
    found = Opened(view.trial, _count(config, rows), sha256, tuned, base)
    return _kept(run.folder, found)


def told(found: Opened) -> str:
    """A sentence on the rows, and a caution where they were opened before."""
    text = f"Measured on the {found.rows:,} test rows, which no trial has read."
    if found.others:
        text += (
            f" Caution: {', '.join(found.others)} was measured on them before: a choice between "
            "these trials by their numbers here makes the test rows validation rows."
        )
    return text


def test_section(run: Run, trial: str) -> Iterator[str]:
    """What a model card says of a trial that was measured on the test rows; nothing of others."""
    found = read_optional(run.folder / FILE).get("measured", {}).get(trial)
    if not found:
        return
    opened = Opened(**{**found, "others": tuple(found["others"])})
    lines = ["| Metric | Base Model | Fine-Tuned |", "|---|---:|---:|"]
    for metric, value in opened.metrics.items():
        untouched = metric_text(metric, opened.base.get(metric))
        lines.append(f"| {title(metric)} | {untouched} | {metric_text(metric, value)} |")
    yield "## Measured on the test rows"
    yield "\n".join(lines)
    yield told(opened)


def _measured(
    config: "SingleTrial", pair: Any, rows: "TokenRows", adapted: bool
) -> dict[str, float]:
    """By the sweep's own measure; the loss is that of all test rows."""
    from trainables.dpo.config import DPOConfig
    from trainables.dpo.measure import Pairs, chosen, untouched_loss
    from trainables.evaluation.measure import measure_loss, measure_text

    whole = config.model_copy(update={"evaluation": _whole(config.evaluation)})
    settings, model = whole.evaluation, pair.model
    asked = chosen(rows) if isinstance(whole, DPOConfig) else rows
    with nullcontext() if adapted else model.disable_adapter():
        if not isinstance(whole, DPOConfig):
            loss = measure_loss(model, rows, settings)
        elif adapted:
            loss = Pairs(model, rows, whole).measured(model)[0]
        else:
            loss = untouched_loss(measure_loss(model, asked, settings), rows, whole)
        return {**loss.metrics, **measure_text(model, pair.tokenizer, asked, settings)[0]}


def _whole(settings: "EvaluationConfig") -> "EvaluationConfig":
    return settings.model_copy(update={"loss_limit": None})


def _count(config: "SingleTrial", rows: "TokenRows") -> int:
    return len(rows) // 2 if config.kind == "dpo" else len(rows)


def _sealed(run: Run) -> set[str]:
    """The hashes of test rows that the run recorded; of staged trials those of every stage."""
    reports = [report for report in run.data.values() if isinstance(report, dict)]
    reports += [part for report in reports for part in (report.get("stages") or {}).values()]
    return {str(report["test_sha256"]) for report in reports if "test_sha256" in report}


def _kept(folder: Path, found: Opened) -> Opened:
    """Written beside what was measured before; with the names of those trials."""
    before = read_optional(folder / FILE).get("measured", {})
    others = tuple(name for name in before if name != found.trial)
    measured = {**before, found.trial: {**found._asdict(), "others": list(others)}}
    content = json.dumps({"measured": measured}, indent=2, ensure_ascii=False)
    write_text(folder / FILE, content + "\n")
    return found._replace(others=others)
