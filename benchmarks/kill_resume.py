"""`kill -9` of the driver at three random moments, `medsweep resume` each time.

A repeat runs the preset `toy` (12 trials) as a subprocess in a session of its own and kills the
driver, and only the driver, at three moments drawn uniformly over the time that an undisturbed run
needs from its first trial's start to its end (measured first). The clock stands still from a kill
to the first `started` of the resume. Then the sweep runs to its end, and is resumed once more.
Checked after every kill and at the end:

- 12 distinct ids, 12 distinct configurations; each is what was written when it was suggested
- none run twice: a finished trial's files never change again, and it is never started again
- no line of metrics.jsonl twice: steps strictly increase, and the lines up to the checkpoint stay
- at most one checkpoint interval is done again (steps of the last line - the checkpoint's step)
- no trial fails on the way, and the exit code is 0
- a further resume changes no file under trials/ and base/, nor trials.csv
- nothing that a killed driver started is alive 90 seconds later (`killable_driver.PATIENCE`); the
  resume does not wait for that

`python -m benchmarks.kill_resume`, from the repository's root.
"""

import os
import random
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.kill_checks import (
    TRIALS,
    Snapshot,
    changed,
    hashes,
    parameters,
    snapshot,
    started_again,
    steps_redone,
    wrong_at_the_end,
)
from benchmarks.killable_driver import Driver, Farewell
from benchmarks.output import JSON, command, device, show, write

KILLS = 3
DRAWS = 5  # of the moments, where a sweep ends before its third kill


@dataclass
class Kill:
    """One kill, and what was under way."""

    after: float  # seconds since the process's first trial started
    finished: int  # trials with a record
    under_way: dict[str, JSON]  # trial → last step, checkpoint's step
    gone_after: float = 0.0  # seconds until the last of its processes was gone
    leftovers: list[str] = field(default_factory=list)


def undisturbed(folder: Path) -> tuple[float, list[JSON]]:
    """A run without kills: seconds from the first trial's start to the end; its configurations."""
    driver = Driver(["run", "toy", "--output", str(folder), "--name", "whole"], folder / "log")
    try:
        began = driver.wait_for_trial()
        code = driver.wait()
    finally:
        driver.stop()
    if began is None or code:
        raise SystemExit(f"the undisturbed run failed:\n{driver.log.read_text()[-3000:]}")
    return time.monotonic() - began, parameters(folder / "whole")


def repeat(duration: float, seed: int, folder: Path) -> JSON:
    """Three kills and what came of them; drawn again where the sweep ended before the third."""
    for draw in range(DRAWS):
        generator = random.Random(f"{seed}.{draw}")
        moments = sorted(generator.uniform(0, duration) for _ in range(KILLS))
        place = folder / f"{seed}-{draw}"
        place.mkdir()
        if result := attempt(moments, place):
            return {"seed": seed, "draw": draw, **result}
    raise SystemExit(f"seed {seed}: {DRAWS} sweeps ended before their third kill")


def attempt(moments: list[float], folder: Path) -> JSON | None:
    """Run, kill, resume, kill, …, resume, resume. None where it ended before the last kill."""
    run = folder / "run"
    begin = ["run", "toy", "--output", str(folder), "--name", "run"]
    go_on = ["resume", str(run)]
    kills: list[Kill] = []
    farewells: list[Farewell] = []
    snapshots: list[Snapshot] = []
    started: list[list[str]] = []
    for number, moment in enumerate(moments):
        driver = Driver(go_on if number else begin, folder / f"log-{number}")
        wait = moment - (moments[number - 1] if number else 0.0)
        farewell = kill_after(driver, wait)
        if farewell is None:
            return None
        farewells.append(farewell)
        snapshots.append(snapshot(run))
        started.append(driver.started())
        now = snapshots[-1]
        kills.append(Kill(wait, len(now.finished_ids), now.under_way))
    last = Driver(go_on, folder / "log-last")
    code = last.wait()
    started.append(last.started())
    before = hashes(run / "trials", run / "base", run / "trials.csv")
    again = Driver(go_on, folder / "log-again").wait()
    after = hashes(run / "trials", run / "base", run / "trials.csv")
    for kill, farewell in zip(kills, farewells, strict=True):
        kill.leftovers, kill.gone_after = farewell.wait(), round(farewell.seconds, 1)
    problems = [
        *([f"the last resume ended with {code}"] if code else []),
        *([f"the resume of the finished run ended with {again}"] if again else []),
        *(f"changed by a second resume: {f}" for f in sorted(before.items() ^ after.items())),
        *(f"alive {x.gone_after:.0f} s after the kill: {n}" for x in kills for n in x.leftovers),
        *started_again(snapshots, started),
        *changed(run, snapshots),
        *wrong_at_the_end(run),
    ]
    redone = [steps_redone(run, s) for s in snapshots]
    problems += [r for trials in redone for r in trials if isinstance(r, str)]
    return {
        "kills": [asdict(kill) for kill in kills],
        "steps_redone": [r for trials in redone for r in trials if isinstance(r, int)],
        "parameters": parameters(run),
        "problems": problems,
    }


def kill_after(driver: Driver, wait: float) -> Farewell | None:
    """Kill a driver `wait` seconds after its first trial started; None where it ended before."""
    try:
        began = driver.wait_for_trial()
        if began is None:
            return None
        time.sleep(max(0.0, began + wait - time.monotonic()))
        return None if driver.process.poll() is not None else driver.kill()
    finally:
        driver.stop()


# --- the command -------------------------------------------------------------------------------


def measure(repeats: int, seed: int, folder: Path) -> JSON:
    """The undisturbed run and all repeats."""
    load = os.getloadavg()[0]
    duration, whole = undisturbed(folder)
    found = [repeat(duration, seed + number, folder) for number in range(repeats)]
    for row in found:
        # the sampler sees the same results in the same order: told, not demanded
        own = row.pop("parameters")
        row["same_as_undisturbed"] = sum(a == b for a, b in zip(own, whole, strict=False))
    return {
        "preset": "toy",
        "device": device(),
        "load_before": round(load, 2),
        "undisturbed_s": round(duration, 1),
        "repeats": found,
        "passed": not any(row["problems"] for row in found),
    }


def told(result: JSON) -> None:
    """Print the result as a table, and all problems."""
    about = result["device"]
    rows = [
        {
            "seed": row["seed"],
            "killed after (s)": " ".join(f"{kill['after']:.1f}" for kill in row["kills"]),
            "finished": " ".join(str(kill["finished"]) for kill in row["kills"]),
            "steps redone": " ".join(map(str, row["steps_redone"])),
            "gone after (s)": " ".join(f"{kill['gone_after']:.1f}" for kill in row["kills"]),
            "same configurations": f"{row['same_as_undisturbed']}/{TRIALS}",
            "problems": len(row["problems"]),
        }
        for row in result["repeats"]
    ]
    show(
        rows, f"toy, {result['undisturbed_s']} s undisturbed, {about['cpu']}, {about['cpus']} cores"
    )
    for row in result["repeats"]:
        for problem in row["problems"]:
            print(f"seed {row['seed']}: {problem}")


def main() -> int:
    """Exit code 1 where a check fails."""
    parser = command(__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="keep run folders and logs in this new folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ms-kill-") as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        result = measure(options.repeats, options.seed, folder)
    write(options.json, result)
    told(result)
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
