"""What other rules would have chosen."""

from pathlib import Path

from analysis.report.other_rules import other_rules_passages
from analysis.runs import load_run
from analysis.selection import choose
from analysis.selection.others import alternatives
from tests.analysis import fixtures
from tests.analysis.selection.trials import flashcards, spec


def test_each_rule_and_metric_by_hand() -> None:
    """The flashcards system's authors chose EXP-02 over the lowest loss, EXP-04."""
    found = {a.by: a.trial for a in alternatives(flashcards(), spec(), ["val_loss", "rouge1"])}
    assert found == {
        "rule objective": "EXP-004",
        "rule balanced (Val Loss, ROUGE-1, BLEU)": "EXP-002",
        "rule weighted (Val Loss 33%, ROUGE-1 33%, BLEU 33%)": "EXP-002",
        "rule lexicographic (Val Loss, ROUGE-1, BLEU)": "EXP-004",
        "Val Loss alone": "EXP-004",
        "ROUGE-1 alone": "EXP-002",
    }


def test_the_knee_where_there_are_several_objectives() -> None:
    two = spec(("val_loss", "min"), ("bleu", "max"))
    assert "rule knee" in {a.by for a in alternatives(flashcards(), two, [])}


def test_constraints_hold_for_all() -> None:
    search = spec()
    bounded = search.selection.model_copy(update={"constraints": ("rouge1 < 0",)})
    assert alternatives(flashcards(), search.model_copy(update={"selection": bounded}), []) == []


def test_the_report_says_who_agrees(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    rows = [(0.5, 0.1), (0.4, 0.05), (0.6, 0.2)]
    for number, (loss, bleu) in enumerate(rows, 1):
        metrics = {"val_loss": loss, "rouge1": bleu, "bleu": bleu, "minutes": 1.0}
        fixtures.write_trial(tmp_path, number, {}, metrics)
    run = load_run(tmp_path)
    choice = choose(run.trials, run.search)
    assert choice is not None
    (found,) = other_rules_passages(run, run.find(choice.trial))
    ((_, table),) = found.tables
    told = {line.cells[0].text: line.cells[1].text for line in table.lines}
    assert told["EXP-002"] == (
        "rule objective; rule lexicographic (Val Loss, ROUGE-1, BLEU); Val Loss alone"
    )
    assert "ROUGE-1 alone; BLEU alone" in told["EXP-003"]
    assert "3 of 7 rules and single metrics choose EXP-002" in found.sentences[0]


def test_one_trial_is_no_choice(tmp_path: Path) -> None:
    fixtures.write_head(tmp_path, fixtures.spec())
    fixtures.write_trial(tmp_path, 1, {}, {"val_loss": 0.5, "minutes": 1.0})
    run = load_run(tmp_path)
    assert other_rules_passages(run, run.trials[0]) == []
    assert other_rules_passages(run, None) == []
