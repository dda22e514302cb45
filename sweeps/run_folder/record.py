"""What `record.json` says of a trial's end: plain data, made of what the driver knows then."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sweeps.run_folder.entry import Entry, State
from trainables.context import Report, is_telemetry
from trainables.rewards.kept_step import step_metric_of


def record_of(
    entry: Entry,
    state: State,
    metrics: dict[str, Any],
    sought: Sequence[str],
    *,
    started: str,
    error: str | None = None,
    diverged: bool = False,
    node: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """A trial's record. One that is complete without the metrics `sought` has failed. `diverged`
    (it failed for what its configuration is: samplers learn from that) is named only where true."""
    missing = [metric for metric in sought if metric not in metrics]
    if state == "complete" and missing:
        state, error = "failed", f"the trial ended without its objective: {', '.join(missing)}"
    return {
        "trial": entry.trial,
        "number": entry.number,
        "label": entry.label,
        "state": state,
        "kind": entry.config["kind"],
        "parameters": entry.parameters,
        "metrics": metrics,
        "error": error,
        "started": started,
        "finished": now(),
        "base": entry.base,
        "node": node,
        **({"diverged": True} if diverged else {}),
        **(facts or {}),
        **({"step_metric": step_metric_of(entry.config)} if (facts or {}).get("best_step") else {}),
    }


def stopped_at(
    report: Report,
    best: Mapping[str, Any],
    evaluated: Mapping[str, Any],
    lines: Iterable[Mapping[str, Any]] = (),
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Metrics and facts of a trial that is stopped at a report: those of its best step so far, but
    `train_loss`, which is the mean over all steps of its stage, as where a trial comes to its end.
    `evaluated` are the facts of its last evaluation, for a report that is none, `lines` those of
    its metrics.jsonl until then."""
    kept = {n: v for n, v in best.items() if n != "best_step" and not is_telemetry(n)}
    told = report.facts or evaluated
    begun = sum(int(stage["planned_steps"]) for stage in told.get("stages", ()))
    mean = mean_train_loss(lines, begun, report.step)
    if mean is not None:
        kept["train_loss"] = mean
    facts = {
        **told,
        "steps": report.step,
        "planned_steps": report.planned_steps,
        "best_step": best.get("best_step"),
    }
    return {**kept, "minutes": report.seconds / 60}, facts


def mean_train_loss(lines: Iterable[Mapping[str, Any]], begun: int, step: int) -> float | None:
    """The mean loss of the steps after `begun` up to `step`; None where no line has any. A line's
    `train_loss` is the mean of the steps since the one before it.

    >>> mean_train_loss([{"step": 1, "train_loss": 4.0}, {"step": 4, "train_loss": 2.0}], 0, 4)
    2.5
    """
    total, last = 0.0, begun
    for line in lines:
        if last < line["step"] <= step and "train_loss" in line:
            total += (line["step"] - last) * line["train_loss"]
            last = line["step"]
    return total / (last - begun) if last > begun else None


def now() -> str:
    """The time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
