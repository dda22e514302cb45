"""A medsweep sweep in a process of its own: when its trials started, reported and ended.

Usage: `medsweep_sweep.py SPEC.json FOLDER`; runs the spec in FOLDER/run and writes
FOLDER/result.json, a row a trial. Run by `time_to_best.py`.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

JSON = dict[str, Any]


class Times:
    """An Observer that keeps a row a trial."""

    def __init__(self) -> None:
        self.rows: dict[str, JSON] = {}

    def started(self, entry: Any) -> None:
        """As Observer."""
        if not entry.is_base:
            self.rows.setdefault(entry.trial, {"started": time.monotonic(), "reports": []})

    def reported(self, entry: Any, report: Any) -> None:
        """As Observer."""
        if not entry.is_base and "val_loss" in report.metrics:
            seen = {"at": time.monotonic(), "val_loss": report.metrics["val_loss"]}
            self.rows[entry.trial]["reports"].append(seen)

    def finished(self, entry: Any, record: JSON) -> None:
        """As Observer."""
        if not entry.is_base:
            self.rows[entry.trial] |= {
                "ended": time.monotonic(),
                "parameters": record["parameters"],
                "state": record["state"],
                "steps": record.get("steps"),
                "val_loss": record["metrics"].get("val_loss"),
            }

    def close(self) -> None:
        """As Observer."""


def main() -> None:
    """Read the spec, run the sweep, write the rows."""
    from sweeps.launch.on_ray import new_run
    from sweeps.reading.loading import load_spec

    spec, folder, times = Path(sys.argv[1]), Path(sys.argv[2]), Times()
    new_run(load_spec(spec), folder / "run", lambda *_: [times], lambda _: None)
    (folder / "result.json").write_text(json.dumps(list(times.rows.values())))


if __name__ == "__main__":
    main()
