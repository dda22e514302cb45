"""A stage's view of its trial: what it starts from, and how its reports become the trial's."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from safetensors.torch import save

from trainables.context import Report, TrialContext
from trainables.kinds import PAIRED
from trainables.rewards.config import REWARD_MODEL
from trainables.saved import Checkpoint, SavedAdapter
from trainables.staged.place import Place, StageRecord
from trainables.staged.shared import POLICY, of_whole, shared_facts, taken_over

if TYPE_CHECKING:
    from trainables.data.prepared import Prepared

ADAPTER_CONFIG = "adapter_config"  # in a checkpoint's state: that of its best adapter


class StageContext:
    """A TrialContext for one stage, behind which is the trial's own.

    `fresh`: the stage starts from no adapter. The policy is carried from stage to stage. A reward
    model is none: it is made beside the policy, and frozen for the stages after it.
    """

    def __init__(
        self,
        whole: TrialContext,
        place: Place,
        prepared: "Prepared",
        checkpoint: Checkpoint | None,
        fresh: bool = False,
    ) -> None:
        self.prepared = prepared
        self.trains_policy = place.kind != "reward"
        begun = checkpoint is not None and _own_step(checkpoint) > 0
        self.checkpoint = None if checkpoint is None or (fresh and not begun) else _own(checkpoint)
        self.best = _best(checkpoint) if checkpoint and begun else None
        self.record: StageRecord = {}  # once the stage has ended
        self._carried = {} if checkpoint is None else _carried(checkpoint)
        if checkpoint and not begun and not self.trains_policy:
            self._carried[POLICY] = SavedAdapter({}, checkpoint.adapter)
        self._whole, self._place = whole, place
        self._final: Report | None = None

    def report(self, report: Report) -> None:
        """Hand a report on as one of the whole trial; the last waits for `end`."""
        if report.adapter:
            self.best = report.adapter
        if report.final:
            self._final = report
            return
        checkpoint = report.checkpoint and self._with_carried(report.checkpoint)
        self._whole.report(_of_trial(self._place, replace(report, checkpoint=checkpoint)))

    @property
    def over(self) -> bool:
        """Whether the stage has been trained to its end."""
        return self._final is not None

    @property
    def measured_elsewhere(self) -> bool:
        """Whether the stage's training has measured the losses on the other stages' rows."""
        return self._final is not None and "val_losses" in self._final.facts

    @property
    def policy(self) -> bytes | None:
        """The policy's adapter as the stage leaves it; None where none was trained so far."""
        if self.trains_policy:
            assert self.best is not None, "a stage that ended has evaluated"
            return self.best.weights
        return self._carried[POLICY].weights if POLICY in self._carried else None

    def end(self, losses: Mapping[str, float]) -> None:
        """Make the stage's record, with these losses on other stages' rows beside those that its
        training measured; tell the trial's end where this is its last stage."""
        assert self._final is not None, "its training has ended"
        self.record = _record(self._place, self._final, losses)
        if self._place.last:
            self._whole.report(_end(self._place, self._final, self.record))

    def hand_over(self, following: Place, policy: bytes) -> Checkpoint:
        """Report and return what the next stage starts from: the policy, no moments, and the
        reward model where there is one.

        Without it in the ledger, a kill while the next stage's first adapter takes the place of
        this stage's best would leave nothing to start that stage from again.
        """
        frozen = {role: a for role, a in self._carried.items() if role == REWARD_MODEL}
        if not self.trains_policy and self.best:
            frozen[REWARD_MODEL] = self.best
        state = {"step": 0, "updates": 0, "scaler": None}
        start = of_whole(following, Checkpoint(policy, save({}), state, frozen=frozen))
        seconds = following.seconds
        self._whole.report(Report(start.step, following.all_steps, {}, seconds, checkpoint=start))
        return start

    def _with_carried(self, checkpoint: Checkpoint) -> Checkpoint:
        state = {**checkpoint.state, ADAPTER_CONFIG: self.best.config if self.best else {}}
        return replace(checkpoint, state=state, frozen={**self._carried, **checkpoint.frozen})


def _own_step(checkpoint: Checkpoint) -> int:
    return int(checkpoint.state.get("stage_step", checkpoint.step))


def _own(checkpoint: Checkpoint) -> Checkpoint:
    """The trial's checkpoint as the stage left it; one to start from is as it is."""
    step = _own_step(checkpoint)
    return replace(
        checkpoint,
        state={**checkpoint.state, "step": step},
        best_adapter=checkpoint.best_adapter if step else None,  # at its start it has none
        frozen={role: a for role, a in checkpoint.frozen.items() if role != POLICY},
    )


def _best(checkpoint: Checkpoint) -> SavedAdapter | None:
    weights, config = checkpoint.best_adapter, checkpoint.state.get(ADAPTER_CONFIG, {})
    return None if weights is None else SavedAdapter(config, weights)


def _carried(checkpoint: Checkpoint) -> dict[str, SavedAdapter]:
    return {r: a for r, a in checkpoint.frozen.items() if r in (POLICY, REWARD_MODEL)}


def _of_trial(place: Place, report: Report) -> Report:
    done = list(place.before)
    about = {"stage": place.name, "stages": done, **shared_facts([*done, _taken(place)])}
    return replace(
        report,
        step=place.offset + report.step,
        planned_steps=place.all_steps,
        seconds=place.seconds + report.seconds,
        checkpoint=report.checkpoint and of_whole(place, report.checkpoint),
        facts={**report.facts, **about} if report.facts else {},
    )


def _record(place: Place, report: Report, losses: Mapping[str, float]) -> StageRecord:
    """What the trial's record says of a stage. A loss on pairs is no loss on rows."""
    facts = dict(report.facts)
    own = place.kind not in PAIRED and "val_loss" in report.metrics
    own_loss = {place.name: report.metrics["val_loss"]} if own else {}
    return {
        "name": place.name,
        "kind": place.kind,
        "steps": facts["steps"],
        "planned_steps": place.own_steps,
        "best_step": facts["best_step"],
        "metrics": dict(report.metrics),
        "val_losses": {**own_loss, **facts.get("val_losses", losses)},
        "tokens": facts["tokens"],
        "seconds": facts["seconds"],
        **({"benchmarks": facts["benchmarks"]} if "benchmarks" in facts else {}),
        "elapsed": report.seconds,
        **_taken(place),
    }


def _taken(place: Place) -> StageRecord:
    return taken_over(place.taken["trial"], place.taken["seconds"]) if place.taken else {}


def _end(place: Place, report: Report, record: StageRecord) -> Report:
    """The stage's end as the trial's: measured after the last stage, summed over all."""
    stages: Sequence[StageRecord] = [*place.before, record]
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
