"""Overhead per trial: what a sweep costs beyond training and evaluating.

The same trials run twice, one at a time: as a medsweep sweep (random sampler, nothing stopped
early), and as a Ray Tune + TRL script of today (`plain_ray_tune.py`: a fresh process and a fresh
load of model and data a trial). Both have the same model, rows, configurations, optimizer steps and
number of evaluations of the validation loss; neither generates text. For each trial:

    wall     = start of the next trial - start of this one, as the driver sees them
    busy     = seconds in optimizer steps + seconds in evaluations, measured inside the trial:
               a step from transformers' `on_step_begin` to `on_step_end`; an evaluation around
               the evaluation loop (`seconds` in medsweep's record.json)
    overhead = wall - busy

Overhead is thus everything else: suggesting, sending, building model, adapter and trainer, data
loading between the steps, reports, checkpoints, the ledger, teardown. The first trial (cold: its
process imports its libraries) and the last (no next start) are left out of the medians.

`python -m benchmarks.overhead`, from the repository's root.
"""

import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.output import JSON, command, device, show, write
from benchmarks.same_sweep import MODELS, plain_setting, run_medsweep, run_script, spec

LIMIT_SECONDS = 1.0  # wanted: median overhead of a warm trial on 2 cores


def summary(name: str, rows: list[JSON], total: float) -> JSON:
    """Medians over the warm trials, in seconds. Raises ValueError below 3 trials."""
    if len(rows) < 3:
        raise ValueError(f"{name}: {len(rows)} trials; 3 or more are needed (cold, warm, last)")
    ends = [row["started"] for row in rows[1:]]
    walls = [end - row["started"] for row, end in zip(rows, ends, strict=False)]
    overheads = [wall - row["busy"] for row, wall in zip(rows, walls, strict=False)]
    warm = overheads[1:]
    return {
        "how": name,
        "trials": len(rows),
        "overhead_median_s": round(statistics.median(warm), 3),
        "overhead_min_s": round(min(warm), 3),
        "overhead_max_s": round(max(warm), 3),
        "busy_median_s": round(statistics.median(row["busy"] for row in rows[1:-1]), 3),
        "wall_median_s": round(statistics.median(walls[1:]), 3),
        "first_overhead_s": round(overheads[0], 3),
        "sweep_s": round(total, 1),
        "steps": sorted({row["steps"] for row in rows}),
        "overheads_s": [round(value, 3) for value in overheads],
    }


def problems(ours: list[JSON], theirs: list[JSON]) -> list[str]:
    """Why the two sweeps cannot be compared; empty where they can."""
    found = [f"a trial of medsweep is {r['state']}" for r in ours if r["state"] != "complete"]
    if [r["parameters"] for r in ours] != [r["parameters"] for r in theirs]:
        found.append("the two sweeps did not run the same configurations")
    if [r["steps"] for r in ours] != [r["steps"] for r in theirs]:
        found.append("the two sweeps did not do the same steps")
    return found


def measure(model: str, trials: int) -> JSON:
    """Run both sweeps and compare."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ms-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch)
        begun = time.monotonic()
        (folder / "spec.json").write_text(json.dumps(spec(model, trials)))
        ours, sweep, placement = run_medsweep(folder / "spec.json", folder)
        setting = plain_setting(sweep, placement, [row["parameters"] for row in ours], folder)
        middle = time.monotonic()
        theirs = run_script("plain_ray_tune", setting, folder)
        ended = time.monotonic()
    return {
        "model": model,
        "device": device(),
        "load_before": round(load, 2),  # processes at work already: figures are for a quiet machine
        "problems": problems(ours, theirs),
        "rows": [
            summary("medsweep", ours, middle - begun),
            summary("Ray Tune + TRL", theirs, ended - middle),
        ],
        "val_loss": [
            [round(a["val_loss"], 4), round(b["val_loss"], 4)]
            for a, b in zip(ours, theirs, strict=False)
        ],
    }


def main() -> int:
    """Exit code 1 where the sweeps differ or the overhead is above the limit."""
    parser = command(__doc__)
    parser.add_argument("--model", choices=MODELS, default="toy")
    parser.add_argument("--trials", type=int, default=12)
    parser.add_argument("--quick", action="store_true", help="4 trials: does it work at all?")
    options = parser.parse_args()
    result = measure(options.model, 4 if options.quick else options.trials)
    write(options.json, result)
    about, names = result["device"], list(result["rows"][0])
    columns = [n for n in names if n == "how" or (n.endswith("_s") and n != "overheads_s")]
    show(result["rows"], f"{options.model}, {about['cpu']}, {about['cpus']} cores", columns)
    for problem in result["problems"]:
        print(problem)
    slow = result["rows"][0]["overhead_median_s"] > LIMIT_SECONDS
    return int(bool(result["problems"]) or slow)


if __name__ == "__main__":
    sys.exit(main())
