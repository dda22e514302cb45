"""A stage's view of its trial: what it starts from, and how its reports become the trial's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from safetensors.torch import save

from trainables.context import Checkpoint, Report, TrialContext
from trainables.staged.place import Place, Record
from trainables.staged.shared import shared_facts, taken_over

if TYPE_CHECKING:
    from trainables.data.prepare import Prepared


class StageContext:
    """A TrialContext for one stage, behind which is the trial's own."""

    def __init__(
        self,
        whole: TrialContext,
        place: Place,
        prepared: "Prepared",
        checkpoint: Checkpoint | None,
    ) -> None:
        self.prepared = prepared
        self.checkpoint = checkpoint and _own(checkpoint)
        self.best = self.checkpoint.best_adapter if self.checkpoint else None
        self.record: Record = {}  # once the stage has ended
        self._whole, self._place = whole, place

    def report(self, report: Report) -> None:
        """Hand a report on as one of the whole trial; a stage's end is told with the trial's."""
        if report.adapter:
            self.best = report.adapter.weights
        if report.final:
            self.record = _record(self._place, report)
        if not report.final:
            self._whole.report(_of_trial(self._place, report))
        elif self._place.last:
            self._whole.report(_end(self._place, report, self.record))

    def hand_over(self, following: Place) -> Checkpoint:
        """Report and return what the next stage starts from: the best step's adapter, no moments.

        Without it in the ledger, a kill while the next stage's first adapter takes the place of
        this stage's best would leave nothing to start that stage from again.
        """
        assert self.best is not None, "a stage that ended has evaluated"
        start = Checkpoint(self.best, save({}), {"step": 0, "updates": 0, "scaler": None})
        start = _of_whole(following, start)
        seconds = following.seconds
        self._whole.report(Report(start.step, following.all_steps, {}, seconds, checkpoint=start))
        return start


def _own(checkpoint: Checkpoint) -> Checkpoint:
    """The trial's checkpoint as the stage left it; one to start from is as it is."""
    step = checkpoint.state.get("stage_step", checkpoint.step)
    best = checkpoint.best_adapter if step else None  # at its start a stage has none of its own
    return replace(checkpoint, state={**checkpoint.state, "step": step}, best_adapter=best)


def _of_trial(place: Place, report: Report) -> Report:
    done = list(place.before)
    about = {"stage": place.name, "stages": done, **shared_facts([*done, _taken(place)])}
    return replace(
        report,
        step=place.offset + report.step,
        planned_steps=place.all_steps,
        seconds=place.seconds + report.seconds,
        checkpoint=report.checkpoint and _of_whole(place, report.checkpoint),
        facts={**report.facts, **about} if report.facts else {},
    )


def _of_whole(place: Place, checkpoint: Checkpoint) -> Checkpoint:
    """The stage's checkpoint as the trial's: its state names the stage and holds those before."""
    state = {
        **checkpoint.state,
        "step": place.offset + checkpoint.step,
        "planned_steps": place.all_steps,
        "stage": place.name,
        "stage_step": checkpoint.step,
        "finished": list(place.before),
        **({"taken": place.taken} if place.taken else {}),
    }
    return replace(checkpoint, state=state)


def _record(place: Place, report: Report) -> Record:
    """What the trial's record says of a stage."""
    facts, own_loss = dict(report.facts), {place.name: report.metrics["val_loss"]}
    return {
        "name": place.name,
        "kind": place.kind,
        "steps": facts["steps"],
        "planned_steps": place.own_steps,
        "best_step": facts["best_step"],
        "metrics": dict(report.metrics),
        "val_losses": {**own_loss, **facts["val_losses"]},
        "tokens": facts["tokens"],
        "seconds": facts["seconds"],
        **({"benchmarks": facts["benchmarks"]} if "benchmarks" in facts else {}),
        "elapsed": report.seconds,
        **_taken(place),
    }


def _taken(place: Place) -> Record:
    return taken_over(place.taken["trial"], place.taken["seconds"]) if place.taken else {}


def _end(place: Place, report: Report, record: Record) -> Report:
    """The stage's end as the trial's: measured after the last stage, summed over all."""
    stages: Sequence[Record] = [*place.before, record]
    seconds = place.seconds + report.seconds
    peaks = [s["metrics"]["gpu_peak_gb"] for s in stages if "gpu_peak_gb" in s["metrics"]]
    memory = {"gpu_peak_gb": max(peaks)} if peaks else {}
    facts = {name: value for name, value in report.facts.items() if name != "val_losses"}
    facts |= {
        "best_step": place.offset + record["best_step"],
        "steps": sum(stage["steps"] for stage in stages),
        "planned_steps": place.all_steps,
        "seconds": _summed([stage["seconds"] for stage in stages]),
        "tokens": sum(stage["tokens"] for stage in stages),
        "stages": stages,
        **shared_facts(stages),
    }
    metrics = {**report.metrics, "minutes": seconds / 60, **memory}
    return replace(_of_trial(place, report), metrics=metrics, facts=facts)


def _summed(parts: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {name: sum(part[name] for part in parts) for name in parts[0]}
