"""The sealed test is opened once, on record: the choice with all its seeds, and the baselines."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from analysis import final_test
from analysis.decision import decided
from analysis.files import RunError
from analysis.final_test import open_test, openings
from analysis.report.sealed_test import sealed_test_passage
from analysis.sealed_test import FILE
from medsweep.main import run_app
from sweeps.confirmation.asked import Asked
from tests.analysis.test_sealed_test import made


def silent(line: str) -> None:
    """Nobody listens."""


def confirmed(folder: Path) -> Path:
    """A run of one trial, which was trained again once: to the same weights."""
    trial = made(folder) / "trials" / "EXP-001"
    again = trial / "seeds" / "1"
    shutil.copytree(trial, again.with_name("draft"), ignore=shutil.ignore_patterns("seeds"))
    again.with_name("draft").rename(again)
    for name in ("config.json", "record.json"):
        content = json.loads((again / name).read_text())
        (again / name).write_text(json.dumps({**content, "trial": "EXP-001/seeds/1"}))
    Asked(("EXP-001",), (), 1, 43, metric="val_loss").write(folder / "run")
    return folder / "run"


def test_the_choice_with_all_its_seeds_and_the_base_model(cache: Path, tmp_path: Path) -> None:
    folder = confirmed(tmp_path)
    decision = decided(folder)
    before = sealed_test_passage(decision.run, decision.best)
    assert before is not None
    assert "are sealed" in before.sentences[0]
    found = open_test(decision, False, silent)
    assert found.runs == {"EXP-001": ["EXP-001", "EXP-001/seeds/1"]}
    assert found.rows == 6
    values = found.values("EXP-001", "val_loss")
    assert values[0] == values[1] != found.base["val_loss"]
    assert openings(folder) == (found,)
    with pytest.raises(RunError, match=r"were opened on .* for EXP-001.*--again"):
        open_test(decision, False, silent)
    assert len(openings(folder)) == 1
    open_test(decision, True, silent)
    assert len(openings(folder)) == 2
    after = sealed_test_passage(decision.run, decision.best)
    assert after is not None
    assert "opened 2 times" in after.sentences[0]
    assert "validation rows by now" in after.sentences[1]
    cells = [cell.text for cell in after.tables[0][1].lines[0].cells]
    assert cells[:2] == ["EXP-001", "2"]
    assert cells[4].startswith(f"{values[0]:.4f}")


def test_an_opening_is_on_record_before_its_numbers(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = confirmed(tmp_path)

    def killed(*_: Any) -> None:
        kept = json.loads((folder / FILE).read_text())["openings"]
        assert [(own["chosen"], own["measured"]) for own in kept] == [("EXP-001", {})]
        raise KeyboardInterrupt

    monkeypatch.setattr(final_test, "measure_test", killed)
    with pytest.raises(KeyboardInterrupt):
        open_test(decided(folder), False, silent)
    monkeypatch.undo()
    with pytest.raises(RunError, match="were opened on"):
        open_test(decided(folder), False, silent)


def test_without_test_rows_nothing_is_opened_and_nothing_recorded(
    cache: Path, tmp_path: Path
) -> None:
    folder = made(tmp_path, split=[0.8, 0.2, 0.0])
    with pytest.raises(RunError, match="kept no test rows"):
        open_test(decided(folder), False, silent)
    assert openings(folder) == ()


def test_nothing_reads_the_test_rows_before(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainables.data import prepare, sealed, tokenise

    seen: list[str] = []
    real = tokenise.tokenise

    def noted(rows: Any, *more: Any, **rest: Any) -> Any:
        seen.extend(row.question for row in rows)
        return real(rows, *more, **rest)

    monkeypatch.setattr(tokenise, "tokenise", noted)
    monkeypatch.setattr(prepare, "tokenise", noted)
    monkeypatch.setattr(sealed, "tokenise", noted)
    folder = made(tmp_path)  # its test rows ask for 100 to 105
    run_app(["best", str(folder)])
    run_app(["report", str(folder)])
    exam = {f"What is {n}?" for n in range(100, 106)}
    assert seen
    assert not exam & set(seen)
    open_test(decided(folder), False, silent)
    assert exam <= set(seen)


def test_the_verb(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = confirmed(tmp_path)
    assert run_app(["best", str(folder), "--final"]) == 0
    said = capsys.readouterr().out
    assert "measuring EXP-001/seeds/1 on the test rows" in said
    assert "The test rows were opened 1 time" in said
    assert "opened 1 time" in (folder / "report.md").read_text()
    assert run_app(["best", str(folder), "--final"]) == 2
    assert "--again" in " ".join(capsys.readouterr().err.split())
    assert run_app(["best", str(folder), "--again"]) == 2
