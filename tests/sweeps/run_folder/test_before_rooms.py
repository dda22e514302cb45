"""Run folders written before limits and rooms existed go on, and are reported as they were.

`before_rooms/` holds two folders of one sweep as commit 8683c95 left them: `finished`, and `killed`
by SIGKILL in its third trial, which has a checkpoint of step 4 of 26.
"""

import csv
import json
import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from tests.medsweep.processes import medsweep

FOLDERS = Path(__file__).parent / "before_rooms"
TIMES = {"minutes", "error"}  # an error's words may be improved
# sentences of the report that say the same in other words since then
WORDED_ANEW = {
    "of what it remembers of each (AdamW: two moments)": "of AdamW's two moments of each",
    "training the best configurations again with other seeds measures that spread (medsweep "
    "confirm RUN)": "repeating the best trials, which is what the confirm section is for, "
    "measures that spread",
    "validation rows, which no test row is among": "validation rows; the test split stays sealed",
    "No trial can read the test rows.": "The test split is sealed: no number in this report comes "
    "from it.",
    "In Val Loss EXP-003 is 0.0085": "It is 0.0085",
    # sentences since then
    "At the end of what was searched: lora.r is 4, at the highest end of 2 to 4: try 4 to 8. The "
    "best value may lie beyond. ": "",
    "At the end of what was searched: lora.r is 4, at the highest end of 2 to 4: try 4 to 8. The "
    "best value may lie beyond.\n\n": "",
    "Caution: of its 8 kept answers 100% repeat one word or letter (the base model's: 0%). ": "",
    "Caution: of its 8 kept answers 100% repeat one word or letter (the base model's: 0%).\n\n": "",
}
ADDED = ("Sealed test", "What other rules would choose", "What mattered")  # sections since then
ADDED_KEYS = ("reason", "tie", "targets", "cheaper", "edges", "answers", "what_mattered")


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "trials.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def copied(name: str, tmp_path: Path) -> Path:
    return shutil.copytree(FOLDERS / name, tmp_path / "runs" / "before-rooms")


def mean_loss_until_stopped(trial: str) -> float:
    """The mean of a trial's steps, of its lines: each is the mean since the one before."""
    text = (FOLDERS / "finished/trials" / trial / "metrics.jsonl").read_text("utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    steps = [0, *(line["step"] for line in lines)]
    taken = [after - before for before, after in pairwise(steps)]
    total = sum(n * line["train_loss"] for n, line in zip(taken, lines, strict=True))
    return float(total / steps[-1])


def report_of(folder: Path) -> str:
    """The report but for the moment it was written."""
    text = in_old_words((folder / "report.md").read_text(encoding="utf-8"))
    for heading in ADDED:
        text = re.sub(rf"^## {heading}\n.*?(?=^## )", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"^Written .*$", "", text, flags=re.MULTILINE)


def best_of(folder: Path) -> str:
    """best.json without what was added to it since then."""
    best = json.loads((folder / "best.json").read_text(encoding="utf-8"))
    then = {key: value for key, value in best.items() if key not in ADDED_KEYS}
    return json.dumps(then, indent=2, ensure_ascii=False) + "\n"


def in_old_words(text: str) -> str:
    for now, then in WORDED_ANEW.items():
        text = text.replace(now, then)
    return text


def test_it_is_reported_as_before(tmp_path: Path) -> None:
    folder = copied("finished", tmp_path)
    before = {name: (folder / name).read_bytes() for name in ("trials.csv", "best.json")}
    text = report_of(folder)
    for name in [*before, "report.md"]:
        (folder / name).unlink()
    for verb in ("report", "best"):
        done = medsweep(tmp_path / "cache", verb, folder)
        assert done.returncode == 0, done.stderr
    assert report_of(folder) == text
    assert in_old_words(best_of(folder)) == before["best.json"].decode()


def test_nothing_is_left_to_do(tmp_path: Path) -> None:
    folder = copied("finished", tmp_path)
    before = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file() and "trials/" in str(p)}
    done = medsweep(tmp_path / "cache", "resume", folder)
    assert done.returncode == 0, done.stderr
    assert {p: p.read_bytes() for p in before} == before
    assert (folder / "trials.csv").read_bytes() == (FOLDERS / "finished/trials.csv").read_bytes()


def test_it_goes_on_where_it_was_killed(tmp_path: Path) -> None:
    folder = copied("killed", tmp_path)
    done = medsweep(tmp_path / "cache", "resume", folder)
    assert done.returncode == 0, done.stdout + done.stderr
    for now, then in zip(rows(folder), rows(FOLDERS / "finished"), strict=True):
        if then["trial"] == "EXP-004":  # stopped now: its loss is the mean, no more its last line
            assert then["state"] == "stopped"
            then["train_loss"] = str(mean_loss_until_stopped("EXP-004"))
        assert now.keys() == then.keys()
        for column in now.keys() - TIMES:
            if re.fullmatch(r"-?\d+\.\d+(e-?\d+)?", then[column]):  # this machine's rounding
                assert float(now[column]) == pytest.approx(float(then[column]), rel=1e-4), column
            else:
                assert now[column] == then[column], column
    # the third trial went on from its checkpoint: its first lines are those of the killed driver
    lines = (FOLDERS / "killed/trials/EXP-003/metrics.jsonl").read_text("utf-8").splitlines()
    again = (folder / "trials/EXP-003/metrics.jsonl").read_text("utf-8").splitlines()
    assert again[: len(lines)] == lines
    assert json.loads(again[-1])["step"] == 26
