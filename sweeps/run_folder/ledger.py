"""The run folder: the only truth about a sweep. Written by the driver, and by nothing else.

Every file appears whole (`run_folder.atomic`), but for metrics.jsonl, whose half-written last line
a reader skips. `record.json` comes last: a trial without one is unfinished.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sweeps.run_folder.atomic import encoded, new_folder, write_bytes, write_json
from sweeps.run_folder.entry import Entry
from trainables.context import Report
from trainables.evaluation.row_results import parquet_of
from trainables.saved import Checkpoint, SavedAdapter

# what is kept of a trial's best step: PEFT's files, or where all weights are trained a model's
CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
OPTIMIZER, ROWS = "optimizer.safetensors", "rows.parquet"  # of a checkpoint; of the end
ADAPTER_FILES = (f"adapter/{CONFIG}", f"adapter/{WEIGHTS}")
MODEL_FILES = ("model/config.json", "model/model.safetensors")  # where all weights are trained


class Ledger:
    """Reads and writes one run folder.

    >>> ledger = Ledger(Path("runs/demo"))
    >>> first = ledger.entries()[0]
    >>> first.trial, ledger.record(first)["state"]
    ('EXP-001', 'complete')
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._data: dict[str, Any] = {}  # counts found before the run folder exists

    # --- the sweep -----------------------------------------------------------------------------

    def create(self, spec_text: str, resolved: dict[str, Any], environment: dict[str, Any]) -> None:
        """Write the files of a new run; `spec.resolved.json` last: with it, the run exists."""
        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self.folder / "spec.yaml", spec_text.encode())
        write_json(self.folder / "environment.json", environment)
        write_json(self.folder / "data.json", self._data)
        self.resolve(resolved)

    def resolve(self, resolved: dict[str, Any]) -> None:
        """Write the resolved spec (again, where a sweep is extended)."""
        write_json(self.folder / "spec.resolved.json", resolved)

    def note_data(self, key: str, report: dict[str, Any]) -> None:
        """Add a data set's counts to data.json."""
        path = self.folder / "data.json"
        self._data = {**(read_json(path) or {}), **self._data, key: report}
        if path.exists():
            write_json(path, self._data)

    # --- one trial -----------------------------------------------------------------------------

    def path(self, entry: Entry, name: str = "") -> Path:
        """A file of a trial."""
        return self.folder / entry.folder / name

    def open(self, entry: Entry) -> None:
        """Write a suggestion down before it starts, so that it is never suggested twice."""
        write_json(self.path(entry, "config.json"), entry.to_json())

    def apply(self, entry: Entry, report: Report) -> None:
        """Keep what a report brings, the checkpoint last: it stands for all that came before."""
        if not report.final and report.metrics:
            self._append(entry, report)
        if report.adapter:
            write_adapter(self.path(entry), report.adapter)
        if report.checkpoint:
            self._save(entry, report.checkpoint)
        if report.predictions is not None:
            write_lines(self.path(entry, "predictions.jsonl"), report.predictions)
        if report.rows:
            write_bytes(self.path(entry, ROWS), parquet_of(report.rows))

    def close(self, entry: Entry, record: dict[str, Any]) -> None:
        """Write a trial's end."""
        write_json(self.path(entry, "record.json"), record)

    def reopen(self, entry: Entry) -> None:
        """Set a failed trial's record aside, so that it is run again."""
        path = self.path(entry, "record.json")
        earlier = len(list(path.parent.glob("record.failed-*.json")))
        path.replace(path.with_name(f"record.failed-{earlier + 1}.json"))

    def begin(
        self,
        entry: Entry,
        checkpoint: Checkpoint,
        lines: Sequence[Mapping[str, Any]],
        adapter: SavedAdapter | None,
    ) -> None:
        """Give a trial what another one did, as if it were its own; the checkpoint last."""
        write_lines(self.path(entry, "metrics.jsonl"), lines)
        if adapter:
            write_adapter(self.path(entry), adapter)
        self._save(entry, checkpoint)

    # --- reading -------------------------------------------------------------------------------

    def entries(self) -> list[Entry]:
        """All base models and trials that were ever suggested, in order."""
        return self._entries("base/*", "trials/*")

    def runs_again(self) -> list[Entry]:
        """What was trained again with other seeds, in the order of its trials."""
        return self._entries("trials/*/seeds/*")

    def record(self, entry: Entry) -> dict[str, Any] | None:
        """A finished trial's record, else None."""
        return read_json(self.path(entry, "record.json"))

    def metrics(self, entry: Entry) -> list[dict[str, Any]]:
        """The lines of metrics.jsonl."""
        return list(read_lines(self.path(entry, "metrics.jsonl")))

    def rungs(self, entry: Entry, metric: str) -> list[tuple[float, float]]:
        """Each rung that a trial came to where it measured `metric`, and the value."""
        lines = self.metrics(entry)
        return [(x["rung"], x[metric]) for x in lines if "rung" in x and metric in x]

    def checkpoint(self, entry: Entry) -> Checkpoint | None:
        """The newest intact checkpoint, with the best adapter so far."""
        folders = sorted(self.path(entry, "checkpoint").glob("step-*"), reverse=True)
        for folder in folders:
            if checkpoint := read_checkpoint(folder):
                weights = kept_weights(self.path(entry))
                return replace(checkpoint, best_adapter=weights.read_bytes() if weights else None)
        return None

    def cut_back(self, entry: Entry, step: int) -> None:
        """Drop the lines of metrics.jsonl after `step`: they will be measured again."""
        kept = [line for line in self.metrics(entry) if line["step"] <= step]
        write_lines(self.path(entry, "metrics.jsonl"), kept)

    # --- within --------------------------------------------------------------------------------

    def _entries(self, *folders: str) -> list[Entry]:
        files = [f for pattern in folders for f in self.folder.glob(f"{pattern}/config.json")]
        entries = [Entry(**content) for f in files if (content := read_json(f))]
        return sorted(entries, key=lambda e: (e.number, e.trial))

    def _append(self, entry: Entry, report: Report) -> None:
        line = {
            "step": report.step,
            "planned_steps": report.planned_steps,
            "progress": report.progress,
            "seconds": round(report.seconds, 3),
            **({"rung": report.rung} if report.rung is not None else {}),
            **report.metrics,
        }
        with self.path(entry, "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, allow_nan=False) + "\n")
            if report.checkpoint:  # a checkpoint on the disk stands for the lines before it
                stream.flush()
                os.fsync(stream.fileno())

    def _save(self, entry: Entry, checkpoint: Checkpoint) -> None:
        with new_folder(self.path(entry, "checkpoint"), f"step-{checkpoint.step:08d}") as draft:
            write_checkpoint(draft, checkpoint)


def write_adapter(folder: Path, adapter: SavedAdapter) -> None:
    """Write what is kept of a best step into a trial's folder."""
    config, weights = MODEL_FILES if adapter.whole else ADAPTER_FILES
    write_json(folder / config, adapter.config)
    write_bytes(folder / weights, adapter.weights)


def read_adapter(folder: Path) -> SavedAdapter | None:
    """The PEFT adapter that is kept in a trial's folder, if there is one."""
    config, weights = (folder / name for name in ADAPTER_FILES)
    settings = read_json(config)
    return SavedAdapter(settings, weights.read_bytes()) if settings and _is_whole(weights) else None


def write_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint's files into a folder that exists; frozen adapters in PEFT's format."""
    write_bytes(folder / "adapter.safetensors", checkpoint.adapter)
    write_bytes(folder / OPTIMIZER, checkpoint.optimizer)
    for role, adapter in checkpoint.frozen.items():
        write_json(folder / "frozen" / role / CONFIG, adapter.config)
        write_bytes(folder / "frozen" / role / WEIGHTS, adapter.weights)
    write_json(folder / "state.json", checkpoint.state)


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder, or None where a file of it is missing or cut short."""
    state, roles = read_json(folder / "state.json"), sorted(folder.glob("frozen/*"))
    parts = [folder / "adapter.safetensors", folder / OPTIMIZER]
    configs = [read_json(role / CONFIG) for role in roles]
    weights = [role / WEIGHTS for role in roles]
    if state is None or None in configs or not all(map(_is_whole, [*parts, *weights])):
        return None
    frozen = {
        role.name: SavedAdapter(config or {}, file.read_bytes())
        for role, config, file in zip(roles, configs, weights, strict=True)
    }
    adapter, optimizer = (part.read_bytes() for part in parts)
    return Checkpoint(adapter, optimizer, state, frozen=frozen)


def kept_weights(folder: Path) -> Path | None:
    """The safetensors file of a trial's best step in the trial's folder, if it has one yet."""
    for _, weights in (ADAPTER_FILES, MODEL_FILES):
        if (folder / weights).is_file():
            return folder / weights
    return None


def read_json(path: Path) -> dict[str, Any] | None:
    """A file's JSON object; None where it is absent, cut short or no object."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None


def write_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Replace a file with one object a line, in one step."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    write_bytes(path, encoded(text))


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a file with one a line; a line that is cut short is skipped."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            yield json.loads(line)
        except ValueError:  # the last line of a killed driver
            continue


def _is_whole(path: Path) -> bool:
    """Whether a safetensors file has all the bytes that its header names, and was not emptied (see
    `retention`)."""
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(length))
    except (OSError, ValueError, MemoryError, OverflowError):
        return False
    if "removed" in header.pop("__metadata__", {}):
        return False
    ends = [tensor["data_offsets"][1] for tensor in header.values()]
    return path.stat().st_size == 8 + length + max(ends, default=0)
