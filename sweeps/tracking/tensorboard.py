"""TensorBoard: scalars of every trial under RUN/tensorboard/EXP-001, its parameters at the end."""

import json
import time
from pathlib import Path
from typing import Any

from sweeps.tracking.finite import finite_numbers
from sweeps.tracking.lane import Warn
from sweeps.tracking.tracker import SweepInfo, TrialInfo

NOT_SCALARS = ("step", "planned_steps")


def make(enabled: bool, warn: Warn) -> "TensorBoardTracker":
    """The factory that the registry names."""
    return TensorBoardTracker()


class TensorBoardTracker:
    """Writes with tensorboard's own event writer: torch's, and tensorboardX, import torch."""

    def __init__(self) -> None:
        self._folder = Path()
        self._parameters: dict[str, dict[str, Any]] = {}
        self._writers: dict[str, Any] = {}

    def sweep_started(self, run: SweepInfo) -> None:
        """Remember where to write."""
        self._folder = run.folder / "tensorboard"

    def trial_started(self, trial: TrialInfo) -> None:
        """Open the trial's folder; after a resume a second event file in it goes on."""
        from tensorboard.summary.writer.event_file_writer import EventFileWriter

        folder = self._folder / trial.trial_id
        self._parameters[trial.trial_id] = trial.parameters
        self._writers[trial.trial_id] = EventFileWriter(str(folder))

    def metrics(self, trial_id: str, step: int, values: dict[str, Any]) -> None:
        """One scalar a finite number."""
        found = {name: v for name, v in finite_numbers(values).items() if name not in NOT_SCALARS}
        self._write(self._writers[trial_id], [scalars(found)], step)

    def trial_finished(self, trial_id: str, record: dict[str, Any], adapter: Path | None) -> None:
        """The HPARAMS tab: the trial's parameters beside its final metrics."""
        writer = self._writers.pop(trial_id, None)
        if writer is None:
            return
        final = {
            f"final/{name}": v for name, v in finite_numbers(record.get("metrics", {})).items()
        }
        well = record.get("state") in ("complete", "stopped")
        self._write(writer, [*hparams(self._parameters[trial_id], final, well), scalars(final)], 0)
        writer.close()

    def close(self) -> None:
        """Close what is open."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def abandon(self) -> None:
        """Nothing to let go of: the thread is a daemon."""

    def _write(self, writer: Any, summaries: list[Any], step: int) -> None:
        from tensorboard.compat.proto.event_pb2 import Event

        for summary in summaries:
            writer.add_event(Event(wall_time=time.time(), step=step, summary=summary))
        writer.flush()


def scalars(values: dict[str, float]) -> Any:
    """A summary of plain numbers."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    return Summary(value=[Summary.Value(tag=name, simple_value=v) for name, v in values.items()])


def hparams(parameters: dict[str, Any], final: dict[str, float], well: bool) -> list[Any]:
    """The HPARAMS plugin's three summaries: the columns, this trial's values, how it ended.

    Format: tensorboard/plugins/hparams/plugin_data.proto.
    """
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard.plugins.hparams.plugin_data_pb2 import (
        HParamsPluginData,
        SessionEndInfo,
        SessionStartInfo,
    )

    metrics = [api_pb2.MetricInfo(name=api_pb2.MetricName(tag=name)) for name in final]
    columns = [api_pb2.HParamInfo(name=path) for path in parameters]
    start = SessionStartInfo()
    for path, value in parameters.items():
        _set(start.hparams[path], value)
    status = api_pb2.STATUS_SUCCESS if well else api_pb2.STATUS_FAILURE
    experiment = api_pb2.Experiment(hparam_infos=columns, metric_infos=metrics)
    return [
        _plugin("experiment", HParamsPluginData(experiment=experiment, version=0)),
        _plugin("session_start_info", HParamsPluginData(session_start_info=start, version=0)),
        _plugin(
            "session_end_info",
            HParamsPluginData(session_end_info=SessionEndInfo(status=status), version=0),
        ),
    ]


def _plugin(name: str, data: Any) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata

    plugin = SummaryMetadata.PluginData(plugin_name="hparams", content=data.SerializeToString())
    value = Summary.Value(tag=f"_hparams_/{name}", metadata=SummaryMetadata(plugin_data=plugin))
    return Summary(value=[value])


def _set(field: Any, value: Any) -> None:
    """Numbers, truths and texts as they are, everything else as JSON."""
    if isinstance(value, bool):
        field.bool_value = value
    elif isinstance(value, int | float):
        field.number_value = value
    else:
        field.string_value = value if isinstance(value, str) else json.dumps(value)
