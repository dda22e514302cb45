"""The sealed test is opened once, on record: the choice with all its seeds, and the baselines."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from analysis import final_test, on_test_rows
from analysis.decision import decided
from analysis.files import RunError
from analysis.final_test import open_test, openings
from analysis.report.sealed_test import sealed_test_passage
from analysis.sealed_test import FILE
from medsweep.main import run_app
from sweeps.confirmation.asked import Asked
from tests.analysis.test_sealed_test import made, written
from tests.trainables.evaluation.benchmarks.fixtures import SUBJECTS, write_data
from trainables.data.formats.registry import FORMATS


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


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What the tests below open, each a copy of its own."""
    place = tmp_path_factory.mktemp("confirmed")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MEDSWEEP_CACHE", str(place / "cache"))
        yield confirmed(place)


@pytest.fixture
def folder(trained: Path, tmp_path: Path) -> Path:
    """A confirmed run whose test nobody has opened."""
    return Path(shutil.copytree(trained, tmp_path / "run"))


def test_the_choice_with_all_its_seeds_and_the_base_model(folder: Path) -> None:
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
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def killed(*_: Any) -> None:
        kept = json.loads((folder / FILE).read_text())["openings"]
        assert [(own["chosen"], own["measured"]) for own in kept] == [("EXP-001", {})]
        raise KeyboardInterrupt

    real = final_test.measure_test

    def killed_after(*asked: Any) -> None:
        real(*asked)
        raise KeyboardInterrupt

    for kill in (killed, killed_after):
        monkeypatch.setattr(final_test, "measure_test", kill)
        with pytest.raises(KeyboardInterrupt):
            open_test(decided(folder), False, silent)
        assert len(openings(folder)) == 1
    monkeypatch.undo()
    found = open_test(decided(folder), False, silent)
    assert openings(folder) == (found,)
    assert set(found.measured) == {"EXP-001", "EXP-001/seeds/1"}


def test_without_test_rows_nothing_is_opened_and_nothing_recorded(
    cache: Path, tmp_path: Path
) -> None:
    folder = made(tmp_path, split=[0.8, 0.2, 0.0])
    with pytest.raises(RunError, match="kept no test rows"):
        open_test(decided(folder), False, silent)
    assert openings(folder) == ()


def examined(folder: Path, split: str | None = "dev") -> dict[str, Any]:
    """The section `evaluation` whose benchmark leaves its test part sealed."""
    source = write_data(folder / "data", each=3) / "mmlu_med"
    asked = {"name": "mmlu_medical", "source": str(source), "measures": ["accuracy"]}
    return {"evaluation": {"benchmarks": [asked | ({"split": split} if split else {})]}}


def test_nothing_reads_what_is_sealed_before(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainables.data import prepare, sealed, tokenise

    seen: list[str] = []
    real, mmlu = tokenise.tokenise, FORMATS["mmlu"]

    def noted(rows: Any, *more: Any, **rest: Any) -> Any:
        seen.extend(row.question for row in rows)
        return real(rows, *more, **rest)

    def read(records: Any, ask: Any) -> Any:
        for item in mmlu.read(records, ask):
            seen.append(item.question)
            yield item

    monkeypatch.setattr(tokenise, "tokenise", noted)
    monkeypatch.setattr(prepare, "tokenise", noted)
    monkeypatch.setattr(sealed, "tokenise", noted)
    monkeypatch.setitem(FORMATS, "mmlu", mmlu._replace(read=read))
    # its test rows ask for 100 to 105
    folder = made(tmp_path, more=examined(tmp_path), test=written_exam(tmp_path))
    run_app(["best", str(folder)])
    run_app(["report", str(folder)])
    assert "the test part of mmlu_medical" in (folder / "report.md").read_text()
    exam = {f"What is {n}?" for n in range(100, 106)}
    exam |= {f"test question {n} of {subject}?" for n in range(3) for subject in SUBJECTS}
    assert "dev question 0 of anatomy?" in seen
    assert not exam & set(seen)
    found = open_test(decided(folder), False, silent)
    assert exam <= set(seen)
    assert (found.rows, found.benchmarks) == (6, {"mmlu_medical": 6})
    assert found.measured["EXP-001"].keys() >= {"val_loss", "mmlu_medical_accuracy"}


def written_exam(folder: Path) -> str:
    """Test rows that ask for 100 to 105."""
    return written(folder / "exam.jsonl", range(100, 106), False)


def test_the_base_model_is_measured_once_and_an_interrupted_opening_goes_on(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[bool] = []
    real = on_test_rows._measured

    def noted(*args: Any) -> Any:
        measured.append(args[-1])  # whether of the trial, or of its base model
        if len(measured) == 3 and args[-1]:
            raise KeyboardInterrupt
        return real(*args)

    monkeypatch.setattr(on_test_rows, "_measured", noted)
    with pytest.raises(KeyboardInterrupt):
        open_test(decided(folder), False, silent)
    (half,) = openings(folder)
    assert half.left == ("EXP-001/seeds/1",)
    passage = sealed_test_passage(decided(folder).run, decided(folder).best)
    assert passage is not None
    assert "It was interrupted: EXP-001/seeds/1 not measured yet" in passage.sentences[1]
    found = open_test(decided(folder), False, silent)
    assert openings(folder) == (found,)  # the same one, not a second
    assert measured == [True, False, True, True]
    assert found.opened == half.opened
    assert found.left == ()


def test_intervals_over_rows_against_the_base_model_and_beside_validation(folder: Path) -> None:
    decision = decided(folder)
    found = open_test(decision, False, silent)
    passage = sealed_test_passage(decision.run, decision.best)
    assert passage is not None
    (told,) = (s for s in passage.sentences if s.startswith("On the test EXP-001"))
    gain = found.values("EXP-001", "val_loss")[0] - found.base["val_loss"]
    assert f"{abs(gain):.4f}" in told
    assert "1 seed, chance between seeds not seen, 6 rows" in told
    own, base = passage.tables[0][1].lines
    low, high = map(float, own.cells[6].text.split(" to "))
    assert low < found.values("EXP-001", "val_loss")[0] < high
    assert base.cells[4].text == f"{found.base['val_loss']:.4f}"
    (line,) = passage.tables[1][1].lines
    assert [cell.text for cell in line.cells][:2] == ["the base model", "Val Loss"]
    assert float(line.cells[4].text.replace("−", "-")) == pytest.approx(gain, abs=1e-4)


def test_a_benchmark_that_trials_were_asked_on_its_test_part_is_no_test(
    cache: Path, tmp_path: Path
) -> None:
    folder = made(tmp_path, more=examined(tmp_path, None), test=None, split=[0.8, 0.2, 0.0])
    decision = decided(folder)
    with pytest.raises(RunError, match="no test rows, and no test part"):
        open_test(decision, False, silent)


def test_a_run_without_test_rows_opens_the_test_part_of_its_benchmark(
    cache: Path, tmp_path: Path
) -> None:
    folder = made(tmp_path, more=examined(tmp_path), test=None, split=[0.8, 0.2, 0.0])
    decision = decided(folder)
    before = sealed_test_passage(decision.run, decision.best)
    assert before is not None
    assert "The test part of mmlu_medical is sealed" in before.sentences[0]
    found = open_test(decision, False, silent)
    assert found.rows == 0
    after = sealed_test_passage(decision.run, decision.best)
    assert after is not None
    assert "on 6 questions of mmlu_medical" in after.sentences[0]
    assert [heading for heading, _ in after.tables][:2] == ["Val Loss", "MMLU medical Accuracy"]


def test_the_verb(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_app(["best", str(folder), "--final"]) == 0
    said = capsys.readouterr().out
    assert "measuring EXP-001/seeds/1 on the test rows" in said
    assert "The test rows were opened 1 time" in said
    assert "opened 1 time" in (folder / "report.md").read_text()
    assert run_app(["best", str(folder), "--final"]) == 2
    told = capsys.readouterr()
    assert "--again" in " ".join(told.err.split())
    assert "The test rows were opened 1 time" in told.out  # what is on record is shown
    assert run_app(["best", str(folder), "--again"]) == 2
