"""How soon each way of running the same sweep knows the best configuration.

The same candidates, in the same order, the same optimizer steps, one machine:

- `plain`: Ray Tune + TRL by hand, a process a trial (`plain_ray_tune.py`), every trial to its end;
  as many side by side as there are CPUs (GPUs, where there are any), Tune's default;
- `plain + ASHA`: the same with Tune's ASHAScheduler;
- `isolated + ASHA`: medsweep, one trial at a time;
- `packed + ASHA`: medsweep, several trials on one base model.

All compare at a quarter and a half of a trial's steps and let the better half go on. The oracle is
the validation loss of every candidate trained to its end (the `plain` run). At any moment a sweep
declares the candidate of the lowest validation loss that it has reported so far, at whatever step
(the incumbent by intermediate losses of Li et al., "A System for Massively Parallel Hyperparameter
Tuning", MLSys 2020). `seconds` is the time, from the start of its process, from which on the
declared best stays within one seed standard deviation of the oracle's best: the deviation of the
best candidate's loss over seeds, measured here too. `ended_s` is the same where only trials that
reached their end are declared, `sweep_s` the whole sweep.

`python -m benchmarks.time_to_best`, from the repository's root (`--model smollm2` for the embedded
model).
"""

import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.output import JSON, command, device, show, write
from benchmarks.same_sweep import MODELS, plain_setting, run_script, spec

RATES = (3e-5, 1e-2)  # learning rates of the candidates, log-uniform
SEEDS = (43, 44, 45)  # the best candidate's further seeds; all candidates have 42
STEPS = 24
RATIOS = {  # measure → how many times as fast as `plain + ASHA`
    "seconds": "times_as_fast",
    "ended_s": "ended_times_as_fast",
    "sweep_s": "sweep_times_as_fast",
}


def sweep_spec(model: str, count: int, pack: int, dtype: str = "float32") -> JSON:
    """The sweep as a medsweep spec; `pack` above 1 trains so many trials together."""
    content = spec(model, count)
    content["name"] = "time-to-best"
    content["trial"]["model"] = content["trial"]["model"] | {"dtype": dtype}
    content["trial"]["training"]["max_steps"] = STEPS
    search = content["search"]
    search["parameters"]["training.learning_rate"] |= {"min": RATES[0], "max": RATES[1]}
    search["early_stopping"] = {"kind": "asha", "reduction_factor": 2, "grace": 0.25}
    content["cluster"] = {"trials_per_gpu": pack}
    return content


def candidates(search: Any) -> list[JSON]:
    """The configurations that a random search suggests: a function of its seed alone."""
    from search_spaces.space import build_space
    from sweeps.control.proposer import Proposer

    proposer = Proposer(search, build_space(search.parameters))
    drawn = [proposer.propose(number, 0) for number in range(1, search.num_trials + 1)]
    return [point for point in drawn if point is not None]


def settled(
    seen: Sequence[JSON], began: float, regret: Callable[[JSON], float], tolerance: float
) -> float | None:
    """Seconds from `began` until the regret of the declared best stays within `tolerance`.

    `seen` are losses of candidates, each at a moment; None where the last declared best is not.
    """
    found, declared = None, None
    for row in sorted(seen, key=lambda row: float(row["at"])):
        if declared is None or row["val_loss"] < declared["val_loss"]:
            declared = row
        good = regret(declared) <= tolerance
        found = (found or row["at"] - began) if good else None
    return found


def reported(trials: Sequence[JSON]) -> list[JSON]:
    """Every loss that the trials of a sweep reported."""
    return [{**seen, "parameters": t["parameters"]} for t in trials for seen in t["reports"]]


def ended(trials: Sequence[JSON]) -> list[JSON]:
    """The losses of trials that reached their end, each at that moment."""
    whole = [t for t in trials if t["steps"] == STEPS and t["val_loss"] is not None]
    return [{**t, "at": t["ended"]} for t in whole]


def timed(run: Callable[[], list[JSON]]) -> tuple[float, float, list[JSON]]:
    """(start, seconds, rows) of a sweep."""
    began = time.monotonic()
    rows = run()
    return began, time.monotonic() - began, rows


def plain_of(content: JSON, folder: Path) -> JSON:
    """What the plain script needs for the same sweep: Tune's own default of a CPU a trial."""
    from cluster.devices import local_devices
    from cluster.placement import place
    from sweeps.control.sweep import Sweep
    from sweeps.reading.loading import load_spec
    from sweeps.run_folder.ledger import Ledger

    path = folder / "plain.json"
    path.write_text(json.dumps(content))
    sweep = Sweep(load_spec(path).spec, Ledger(folder / "none"), progress=lambda _: None)
    cpus, gpus = os.cpu_count() or 1, len(local_devices())
    placement = place(sweep.spec.cluster, cpus, gpus)
    points = candidates(sweep.spec.search)
    shares = {"cpus": 1, "total_cpus": cpus, "total_gpus": gpus, "side_by_side": gpus or cpus}
    return plain_setting(sweep, placement, points, folder) | shares


def arms(model: str, count: int, pack: int, dtype: str, folder: Path) -> dict[str, Any]:
    """Each way's start, seconds and rows; and the best candidate's losses over seeds."""
    plain = plain_of(sweep_spec(model, count, 1, dtype), folder)
    found: dict[str, Any] = {}

    def run(name: str, script: str, content: JSON) -> list[JSON]:
        place = folder / name.replace(" ", "")
        place.mkdir()
        found[name] = timed(lambda: run_script(script, content, place))
        print(f"{name}: {found[name][1]:.0f} s", flush=True)
        rows: list[JSON] = found[name][2]
        return rows

    full = run("plain", "plain_ray_tune", plain)
    run("plain + ASHA", "plain_ray_tune", {**plain, "asha": True})
    for name, size in (("isolated + ASHA", 1), ("packed + ASHA", pack)):
        run(name, "same_sweep", sweep_spec(model, count, size, dtype))
    best = min(full, key=lambda row: float(row["val_loss"]))
    again = [{**best["parameters"], "training.seed": seed} for seed in SEEDS]
    (folder / "seeds").mkdir()
    seeds = run_script("plain_ray_tune", {**plain, "points": again}, folder / "seeds")
    return {"arms": found, "seeds": [best["val_loss"], *(row["val_loss"] for row in seeds)]}


def summary(measured: dict[str, Any]) -> list[JSON]:
    """A row an arm."""
    found, deviation = measured["arms"], statistics.stdev(measured["seeds"])
    full = {_key(row): float(row["val_loss"]) for row in found["plain"][2]}
    best = min(full.values())
    rows: list[JSON] = []
    for name, (began, seconds, trials) in found.items():
        known, sure = (
            settled(seen, began, lambda row: full[_key(row)] - best, deviation)
            for seen in (reported(trials), ended(trials))
        )
        rows.append(
            {
                "how": name,
                "seconds": known and round(known, 1),
                "ended_s": sure and round(sure, 1),
                "sweep_s": round(seconds, 1),
                "ended": len(ended(trials)),
                "steps": sum(row["steps"] or 0 for row in trials),
            }
        )
    slow = next(row for row in rows if row["how"] == "plain + ASHA")
    for row in rows:
        for measure, ratio in RATIOS.items():
            times = slow[measure], row[measure]
            row[ratio] = round(times[0] / times[1], 2) if all(times) else None
    return rows


def _key(row: JSON) -> str:
    return json.dumps(row["parameters"], sort_keys=True)


def main() -> int:
    """Exit code 1 where a sweep did not find the best."""
    parser = command(__doc__)
    parser.add_argument("--model", choices=MODELS, default="toy")
    parser.add_argument("--candidates", type=int, default=16)
    parser.add_argument("--pack", type=int, default=8, help="trials that train together")
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="ms-", ignore_cleanup_errors=True) as scratch:
        sizes = options.candidates, options.pack
        measured = arms(options.model, *sizes, options.dtype, Path(scratch))
    result = {
        "model": options.model,
        "dtype": options.dtype,
        "pack": options.pack,
        "device": device(),
        "load_before": round(load, 2),
        "seed_deviation": statistics.stdev(measured["seeds"]),
        "rows": summary(measured),
        "candidates": [
            {"parameters": row["parameters"], "val_loss": row["val_loss"]}
            for row in measured["arms"]["plain"][2]
        ],
    }
    write(options.json, result)
    show(result["rows"], f"{options.model} {options.dtype}, {result['device']['cpu']}")
    return int(any(row["seconds"] is None for row in result["rows"]))


if __name__ == "__main__":
    sys.exit(main())
