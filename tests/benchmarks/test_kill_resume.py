"""The kill-and-resume benchmark: its checks find faults, and one repeat of it passes."""

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.kill_checks import changed, snapshot, started_again, steps_redone, wrong_at_the_end

EVALUATED = (4, 8, 16)


def finished(run: Path, trials: int = 12) -> Path:
    """A run folder as a sweep leaves it, as far as the checks read it."""
    for number in range(1, trials + 1):
        folder = run / "trials" / f"EXP-{number:03d}"
        folder.mkdir(parents=True)
        write(folder / "config.json", {"parameters": {"lora.r": number}})
        write_lines(folder, range(2, 17, 2))
        (folder / "checkpoint" / "step-00000016").mkdir(parents=True)
        write(folder / "record.json", {"state": "complete"})
    (run / "trials.csv").write_text("trial\n" + "EXP\n" * trials)
    return run


def write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content))


def write_lines(folder: Path, steps: Any) -> None:
    lines = [{"step": s, **({"val_loss": 1.0} if s in EVALUATED else {})} for s in steps]
    (folder / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def killed(run: Path, last: int, checkpoint: int) -> Path:
    """The last trial as a killed driver leaves it."""
    folder = run / "trials" / "EXP-012"
    (folder / "record.json").unlink()
    (folder / "checkpoint" / "step-00000016").rename(
        folder / "checkpoint" / f"step-{checkpoint:08d}"
    )
    write_lines(folder, range(2, last + 1, 2))
    return folder


def test_a_whole_run_has_no_faults(tmp_path: Path) -> None:
    run = finished(tmp_path)
    snap = snapshot(run)
    assert len(snap.finished_ids) == 12
    assert wrong_at_the_end(run) == []
    assert changed(run, [snap]) == []
    assert started_again([snap], [["EXP-001"], []]) == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (lambda f: (f / "record.json").unlink(), "11 records"),
        (lambda f: write(f / "record.json", {"state": "failed"}), "EXP-003 is failed"),
        (lambda f: write(f / "config.json", {"parameters": {"lora.r": 1}}), "11 distinct"),
        (lambda f: f.rename(f.with_name("EXP-013")), "ids: "),
        (lambda f: write_lines(f, [2, 4, 4, 6]), "EXP-003: steps"),
        (lambda f: write_lines(f, [2, 6, 4]), "EXP-003: steps"),
        (lambda f: (f / "metrics.jsonl").unlink(), "EXP-003: steps"),
        (lambda f: (f / "../../trials.csv").write_text("trial\n"), "0 rows in trials.csv"),
    ],
)
def test_a_fault_is_found(tmp_path: Path, fault: Any, said: str) -> None:
    run = finished(tmp_path)
    fault(run / "trials" / "EXP-003")
    faults = wrong_at_the_end(run)
    assert len(faults) == 1
    assert said in faults[0]


def test_what_changes_after_a_kill_is_found(tmp_path: Path) -> None:
    run = finished(tmp_path)
    folder = killed(run, last=14, checkpoint=8)
    snap = snapshot(run)
    assert snap.under_way == {"EXP-012": {"last_step": 14, "checkpoint": 8}}
    write_lines(folder, range(2, 17, 2))
    assert changed(run, [snap]) == []
    write_lines(folder, range(4, 17, 2))
    assert changed(run, [snap]) == ["EXP-012: lines up to its checkpoint changed"]
    write_lines(folder, range(2, 17, 2))
    (run / "trials" / "EXP-001" / "record.json").write_text("{}")
    (run / "trials" / "EXP-012" / "config.json").write_text("{}")
    assert [f.split("/")[-2:] for f in changed(run, [snap])] == [
        ["EXP-001", "record.json changed"],
        ["EXP-012", "config.json changed"],
    ]
    assert started_again([snap], [[], ["EXP-012", "EXP-002"]]) == [
        "EXP-002 was finished and started again"
    ]


@pytest.mark.parametrize(("checkpoint", "redone"), [(8, 6), (4, None)])
def test_more_than_an_interval_done_again_is_found(
    tmp_path: Path, checkpoint: int, redone: int | None
) -> None:
    run = finished(tmp_path)
    folder = killed(run, last=14, checkpoint=checkpoint)
    snap = snapshot(run)
    write_lines(folder, range(2, 17, 2))
    said = "EXP-012: 10 steps done again; a checkpoint every 8"
    assert steps_redone(run, snap) == [redone if redone is not None else said]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_three_kills_lose_nothing(tmp_path: Path) -> None:
    from benchmarks.kill_resume import measure

    result = measure(repeats=1, seed=7, folder=tmp_path)
    assert [row["problems"] for row in result["repeats"]] == [[]]
    assert len(result["repeats"][0]["kills"]) == 3
